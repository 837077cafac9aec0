import Foundation
import Testing

extension EndToEnd {
  /// A file by name, from the sender's command line to the receiver's disk.
  @Suite struct TransferTests {}
}

extension EndToEnd.TransferTests {
  @Test(
    "What arrives is what was sent, whatever its size",
    arguments: [
      0, 1, 262_143, 262_144, 262_145, 1 << 20, 5_000_011,
    ])
  func sizes(size: Int) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(size)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let sender = try stage.sender(
        alice, at: kdc, to: "bob", try stage.folder.put(content, at: "in"))
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      #expect(receiver.output.bytes.isEmpty)
      #expect(sender.output.bytes.isEmpty)
    }
  }

  @Test("The receiver says where it listens and who sends what")
  func messages() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let line = try await receiver.said("listening on port")
      #expect(line.firstMatch(of: #/listening on port [1-9]\d* as bob/#) != nil)
      let file = try stage.folder.put(randomBytes(4321), at: "report.pdf")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      let said = receiver.errors.text
      for word in ["alice", "report.pdf", "4321"] { #expect(said.contains(word)) }
    }
  }

  @Test(
    "Standard input goes to standard output, which carries data only", arguments: [true, false])
  func streams(isAskedFor: Bool) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(700_001)
      // Without -o a pipe is where the data goes as well.
      let receiver = try await stage.listening(bob, at: kdc, isAskedFor ? ["-o", "-"] : [])
      let sender = try stage.sender(alice, at: kdc, to: "bob", "-", input: .pipe)
      let half = content.count / 2
      sender.write(Array(content[..<half]))
      try await receiver.said("alice")
      sender.write(Array(content[half...]))
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.output.bytes == content)
    }
  }

  @Test("Nothing at all on standard input is a file of no bytes")
  func emptyInput() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      try await stage.sender(alice, at: kdc, to: "bob", "-").expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == [])
    }
  }

  @Test("A file that is there is replaced and keeps its permissions")
  func replaces() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let folder = try stage.folder.folder("received")
      let path = try folder.put(randomBytes(9000), at: "out", mode: 0o640)
      let bob = try stage.user("bob")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", path])
      let file = try stage.folder.put([1, 2, 3], at: "in")
      try await stage.sender(try stage.user("alice"), at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(folder.bytes(of: "out") == [1, 2, 3])
      #expect(try permissions(path, kind: S_IFREG) == 0o640)
      #expect(folder.entries == ["out"])
    }
  }

  @Test("-o /dev/null takes everything and stays what it is")
  func nowhere() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", "/dev/null"])
      let file = try stage.folder.put(randomBytes(100_000), at: "in")
      try await stage.sender(try stage.user("alice"), at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(try permissions("/dev/null", kind: S_IFCHR) != nil)
    }
  }

  @Test("Short options may be joined with their values")
  func joinedOptions() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(1000)
      func options(_ user: User) -> [String] {
        Array(Stage.Access(user, at: kdc).arguments.dropFirst(4))
          + ["-n\(user.name)", "-a127.0.0.1", "-p\(kdc.port)"]
      }
      let receiver = try stage.start(
        .client, ["-mR", "-l0", "-o\(stage.folder.path("out"))"] + options(bob), home: bob.home)
      try await receiver.said("listening on port")
      let file = try stage.folder.put(content, at: "in")
      let sender = try stage.start(
        .client, ["-mS", "-rbob", "-i\(file)"] + options(alice), home: alice.home)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
    }
  }

  @Test("A host by name and over IPv6 will do", arguments: ["localhost", "::1", "[::1]"])
  func hosts(host: String) async throws {
    guard hasIPv6 || host == "localhost" else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      func access(_ user: User) -> Stage.Access {
        var access = Stage.Access(user, at: kdc)
        access.host = host
        return access
      }
      let content = randomBytes(1000)
      let receiver = try stage.receiver(bob, access(bob), ["-o", stage.folder.path("out")])
      try await receiver.said("listening on port")
      let file = try stage.folder.put(content, at: "in")
      try await stage.sender(alice, access(alice), to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      if host != "localhost" { try await kdc.logged(" announced name=bob from=[::1]:") }
    }
  }

  @Test("The same people can meet again, the other way round, and log in without --register")
  func again() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      try await stage.expectTransfer(from: bob, to: alice, at: kdc)
      var access = Stage.Access(alice, at: kdc)
      access.options = ["--passphrase-file", alice.passphraseFile]
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([7], at: "in")
      try await stage.sender(alice, access, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(kdc.log.components(separatedBy: " registered ").count == 3)
    }
  }

  @Test("The passphrase may come from standard input")
  func passphraseFromInput() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(1000)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      var access = Stage.Access(alice, at: kdc)
      access.options = ["--kdc-key", kdc.word, "--register", "--passphrase-file", "-"]
      let file = try stage.folder.put(content, at: "in")
      let sender = try stage.sender(alice, access, to: "bob", file, input: .pipe)
      sender.type(alice.passphrase)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      // The one from the file is the same.
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    }
  }
}
