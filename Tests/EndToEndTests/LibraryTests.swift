import Foundation
import Testing
import Trent

extension EndToEnd {
  /// Programs of others, which import the library and nothing else of ours: those that its
  /// documentation shows, and what they build on.
  @Suite struct LibraryTests {}
}

extension EndToEnd.LibraryTests {
  /// Registers somebody, by the program.
  private func register(_ user: User, _ stage: Stage, at kdc: RunningKDC) async throws {
    let access = Stage.Access(user, at: kdc).arguments
    let login = try stage.start(.client, ["login", "-n", user.name] + access, home: user.home)
    try await login.expectExit(0)
  }

  /// What the examples want to be told.
  private func words(_ user: User, _ kdc: RunningKDC, to receiver: String, _ last: String)
    -> [String]
  {
    ["127.0.0.1:\(kdc.port)", kdc.word, user.name, user.passphraseFile, receiver, last]
  }

  /// A user's session, in this process.
  private func client(_ user: User, at kdc: RunningKDC) throws -> Client {
    try Client(
      KDCOptions(at: "127.0.0.1:\(kdc.port)", word: kdc.word),
      SignInOptions(
        name: try #require(PrincipalName(user.name)),
        secret: .passphrase(.file(user.passphraseFile)), registers: true),
      state: StateFolder(path: user.home.path))
  }

  @Test("The sender of the library's page sends a file to a real receiver, and tells the end")
  func pageSends() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await register(alice, stage, at: kdc)
      let content = randomBytes(1_500_001)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put(content, at: "in")
      let sender = try stage.start(
        .exampleSender, words(alice, kdc, to: "bob", file), home: alice.home)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(sender.output.text == "bob has all 1500001 bytes\n")
      #expect(sender.errors.text.isEmpty)
      #expect(stage.folder.bytes(of: "out") == content)
    }
  }

  @Test("It says what is wrong, and ends with the status of that")
  func pageFails() async throws {
    try await Stage.with { stage in
      let (kdc, other) = (try await stage.kdc(), try await stage.kdc(folder: "other"))
      let alice = try stage.user("alice")
      try await register(alice, stage, at: kdc)
      let file = try stage.folder.put([1], at: "in")
      var wrongWord = words(alice, kdc, to: "bob", file)
      wrongWord[1] = other.word
      for (arguments, status) in [
        (words(alice, kdc, to: "bob", file), ExitStatus.receiverAbsent),
        (words(alice, kdc, to: "alice", file), .usage),
        (words(alice, kdc, to: "bob", file + "-missing"), .fileFailure),
        (wrongWord, .kdcIdentity), (["word"], .usage),
      ] {
        let sender = try stage.start(.exampleSender, arguments, home: alice.home)
        try await sender.expectExit(status.rawValue)
        #expect(sender.errors.text.hasPrefix("sender: "))
        #expect(sender.output.text.isEmpty)
      }
    }
  }

  @Test("The machines alone bring a file over a socket that knows nothing of them")
  func ownConnection() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await register(alice, stage, at: kdc)
      let folder = try stage.folder.folder("in")
      let receiver = try await stage.receiving(bob, at: kdc, into: folder)
      let text = String(repeating: "what is sent ", count: 1000)
      let sender = try stage.start(
        .exampleOwnConnection, words(alice, kdc, to: "bob", text), home: alice.home)
      try await sender.expectExit(0)
      #expect(sender.output.text == "bob has all \(text.utf8.count) bytes\n")
      #expect(folder.text(of: "note.txt") == text)
      // Who has been met by it is known to all programs.
      let peers = try stage.start(.client, ["peers"], home: alice.home)
      try await peers.expectExit(0)
      #expect(peers.output.text.contains("bob"))
      try await receiver.expectExit(0)
    }
  }

  @Test("One login sends bytes, a stream and a text, one after the other")
  func client() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let folder = try stage.folder.folder("in")
      let receiver = try await stage.receiving(
        bob, at: kdc, into: folder, ["--accept-all", "--keep"])
      var client = try client(alice, at: kdc)
      #expect(client.name.description == "alice" && client.realm.word == kdc.word)
      let name = try #require(PrincipalName("bob"))
      let content = randomBytes(700_000)
      #expect(try received(client.send(.bytes(content, named: "bytes"), to: name)) == 700_000)
      #expect(folder.bytes(of: "bytes") == content)

      let pipe = try Pipe()
      let written: [UInt8] = [1, 2, 3]
      #expect(unsafe write(pipe.writingEnd, written, 3) == 3)
      close(pipe.writingEnd)
      let descriptor = pipe.readingEnd
      defer { close(descriptor) }
      #expect(try received(client.send(.descriptor(descriptor, named: "stream"), to: name)) == 3)
      #expect(folder.bytes(of: "stream") == written)
      // It is still the caller's to close.
      #expect(fcntl(descriptor, F_GETFD) >= 0)

      #expect(try received(client.send(.text("hello"), to: name)) == 5)
      try await eventually("the text", report: receiver.report) {
        receiver.output.text.contains("hello") ? () : nil
      }
      #expect(kdc.log.components(separatedBy: " logged-in name=alice ").count == 2)
      receiver.signal(SIGTERM)
      try await receiver.expectExit(0)
    }
  }

  /// How many bytes have arrived; nil when they were left elsewhere.
  private func received(_ outcome: DeliveryOutcome) -> UInt64? {
    if case .received(let byteCount, _) = outcome { byteCount } else { nil }
  }

  @Test("A connection is to the receiver that was named, and carries records and chunks")
  func connection() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      var client = try client(alice, at: kdc)
      var connection = try client.connect(to: try #require(PrincipalName("bob")))
      #expect(connection.peer.name.description == "bob" && !connection.peer.isPinned)

      var random = SystemRandom()
      let entry = TransferEntry(
        path: try #require(EntryPath("file")), kind: .file(size: 3), permissions: 0o600,
        modified: Timestamp(milliseconds: 0))
      let manifest = try Manifest(.files, [entry])
      let offer = Offer(
        fileKey: random.secret(Offer.fileKeyByteCount), chunkSize: .standard, manifest)
      let message = offer.encoded()
      try connection.send(message.bytes)
      for batch in EntryBatch.batches(of: manifest) {
        let message = batch.encoded()
        try connection.send(message.bytes)
      }
      let answer = try connection.receive()
      #expect(try Trent.Answer(answer.bytes) == .accepted(.beginning))
      let start = Start(offset: 0).encoded()
      try connection.send(start.bytes)
      var sealer = ChunkSealer(
        fileKey: offer.fileKey, binding: connection.handshakeHash.bytes,
        chunkSize: offer.chunkSize)
      let content: [UInt8] = [4, 5, 6]
      try connection.send(sealer.seal(content.bytes, isLast: true), isLast: true)
      let receipt = try connection.receive()
      #expect(try Receipt(receipt.bytes) == Receipt(.complete(exitStatus: 0), byteCount: 3))
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
    }
  }
}
