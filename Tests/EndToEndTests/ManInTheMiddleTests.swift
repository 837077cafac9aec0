import Foundation
import Testing
import Transport
import Wire

extension EndToEnd {
  /// A KDC that turns on its users and stands between them with all that it has.
  @Suite struct ManInTheMiddleTests {}
}

extension EndToEnd.ManInTheMiddleTests {
  /// Two people, and a KDC that can be turned.
  private struct Scene {
    let stage: Stage
    let malicious: MaliciousKDC
    /// The KDC as everybody reaches it: by way of `malicious`.
    let kdc: RunningKDC
    let alice: User
    let bob: User

    init(_ stage: Stage) async throws {
      self.stage = stage
      let honest = try await stage.kdc()
      malicious = try MaliciousKDC(honest)
      kdc = honest.reached(at: malicious.port)
      (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
    }

    func pins(_ user: User) -> String { user.home.text(of: "known_peers") ?? "" }

    func access(_ user: User, _ policy: String) -> Stage.Access {
      var access = Stage.Access(user, at: kdc)
      access.options += ["--new-peer", policy]
      return access
    }

    /// Bob at a terminal, which would show it if he were asked or told anything.
    func waitingBob(_ policy: String) async throws -> Program {
      let program = try stage.receiver(
        bob, access(bob, policy), ["-o", stage.folder.path("out")], input: .terminal)
      try await program.shown("listening on port")
      return program
    }

    func sendingAlice(_ content: [UInt8], _ policy: String) throws -> Program {
      let file = try stage.folder.put(content, at: "in")
      return try stage.sender(
        alice, access(alice, policy), to: "bob", file, input: .terminal)
    }

    /// Neither a word nor a byte since `before`, and still there.
    func expectUndisturbed(_ receiver: Program, since before: String) {
      #expect(receiver.exitStatus == nil)
      #expect(receiver.output.text == before)
      let files = stage.folder.entries.filter { $0.contains("out") }
      #expect(files == [])
    }

    /// Ends the receiver's waiting with a file from the true sender, which is all that it ever told.
    func expectHonestTransfer(to receiver: Program, since before: String) async throws {
      malicious.turn(to: .honest)
      let content = randomBytes(3000)
      try await sendingAlice(content, "accept").expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      // What is drawn of the progress is drawn over.
      let lines = receiver.output.text.dropFirst(before.count).replacing("\u{1B}[K", with: "")
        .split(whereSeparator: \.isNewline).filter { !$0.contains("  [") }
      #expect(lines.map { $0.prefix(9) } == ["receiving", "received "], "\(lines)")
    }

    func forget(_ peer: String, by user: User) async throws {
      let program = try stage.start(.client, ["peers", "forget", peer, "--yes"], home: user.home)
      try await program.expectExit(0)
    }

    /// What a user's own device says of the user.
    func ownFingerprint(_ user: User) async throws -> String {
      let program = try stage.start(
        .client, ["identity", "-n", user.name, "--passphrase-file", user.passphraseFile],
        home: user.home)
      try await program.expectExit(0)
      return String(program.output.text.split(separator: "\n").first ?? "")
    }

    /// What a user's device says of a peer.
    func fingerprint(of peer: String, at user: User) async throws -> String {
      let program = try stage.start(.client, ["peers"], home: user.home)
      try await program.expectExit(0)
      let lines = program.output.text.split(separator: "\n").map {
        $0.split(whereSeparator: \.isWhitespace)
      }
      let line = try #require(lines.first { $0.first == peer[...] })
      return String(try #require(line.dropFirst(2).first))
    }

    func verify(_ peer: User, by user: User) async throws -> Int32 {
      let fingerprint = try await ownFingerprint(peer)
      let program = try stage.start(
        .client, ["peers", "verify", peer.name, "--fingerprint", fingerprint], home: user.home)
      return try await program.exit()
    }
  }

  @Test("The known limit: at a first meeting it reads the file, and both ends are content")
  func firstMeeting() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      scene.malicious.turn(to: .lying)
      // Larger than a chunk.
      let content = randomBytes(300_000)
      let receiver = try await scene.waitingBob("accept")
      try await scene.sendingAlice(content, "accept").expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)

      let haul = try await scene.malicious.trap(for: "bob").hauls(1)[0]
      #expect(haul.content == content)
      #expect(haul.sender.description == "alice" && haul.fileName == "in" && haul.isPassedOn)
    }
  }

  @Test("Fingerprints that are compared give it away, at either end")
  func fingerprints() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      scene.malicious.turn(to: .lying)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      for (user, peer) in [(scene.alice, scene.bob), (scene.bob, scene.alice)] {
        let shown = try await scene.fingerprint(of: peer.name, at: user)
        #expect(try shown == scene.malicious.fingerprint(ofImpostorOf: peer.name))
        #expect(try await shown != scene.ownFingerprint(peer))
        #expect(try await scene.verify(peer, by: user) == 10)
        #expect(!scene.pins(user).contains("verified"))
      }
    }
  }

  @Test("It is found out as soon as it stops lying, or lies with another key")
  func cannotStop() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      scene.malicious.turn(to: .lying)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      // As long as it lies the same, nobody sees anything.
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      _ = try await scene.malicious.trap(for: "bob").hauls(2)

      let another = try MaliciousKDC(scene.kdc)
      another.turn(to: .lying)
      scene.malicious.turn(to: .honest)
      let receiver = try await scene.waitingBob("accept")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      for way in [scene.kdc, scene.kdc.reached(at: another.port)] {
        let sender = try stage.sender(scene.alice, at: way, to: "bob", file)
        try await sender.expectExit(10)
      }
      #expect(try await another.trap(for: "bob").countCalls() == 0)
      #expect(receiver.exitStatus == nil)

      // With the lies forgotten they meet at last, and what they read out agrees.
      try await scene.forget("bob", by: scene.alice)
      try await scene.forget("alice", by: scene.bob)
      try await stage.sender(scene.alice, at: scene.kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(try await scene.verify(scene.bob, by: scene.alice) == 0)
      #expect(try await scene.verify(scene.alice, by: scene.bob) == 0)
    }
  }

  @Test(
    "Who has met under the honest KDC is not deceived: the sender refuses before it connects",
    arguments: ["accept", "ask", "refuse"])
  func secondMeeting(policy: String) async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      try removeSmallFiles(stage)
      let pins = [scene.alice, scene.bob].map(scene.pins)
      let content = randomBytes(3000)
      let receiver = try await scene.waitingBob(policy)
      let before = receiver.output.text
      scene.malicious.turn(to: .lying)
      let sender = try scene.sendingAlice(content, policy)
      try await sender.expectExit(10)
      #expect(sender.output.text.contains("The identity of bob has changed."))
      #expect(!sender.output.text.contains("[y/N]"))
      #expect(scene.malicious.lieCount > 0)
      #expect(try await scene.malicious.trap(for: "bob").countCalls() == 0)
      scene.expectUndisturbed(receiver, since: before)
      #expect([scene.alice, scene.bob].map(scene.pins) == pins)

      // The same people, with the KDC back to honesty.
      try await scene.expectHonestTransfer(to: receiver, since: before)
    }
  }

  @Test(
    "Called in the name of somebody it has met, the receiver says, asks and writes nothing",
    arguments: ["accept", "ask"])
  func receiverAlone(policy: String) async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      try removeSmallFiles(stage)
      let pins = scene.pins(scene.bob)
      let receiver = try await scene.waitingBob(policy)
      let before = receiver.output.text
      #expect(throws: TransportFailure.closedByPeer) {
        try scene.malicious.pose(as: "alice", to: "bob")
      }
      scene.expectUndisturbed(receiver, since: before)
      #expect(scene.pins(scene.bob) == pins)
      try await scene.expectHonestTransfer(to: receiver, since: before)

      // It was the pin: somebody whom he has forgotten gets further.
      try FileManager.default.removeItem(atPath: stage.folder.path("out"))
      try await scene.forget("alice", by: scene.bob)
      let again = try await scene.waitingBob(policy)
      let said = again.output.text
      try scene.malicious.pose(as: "alice", to: "bob")
      // But a handshake alone says, asks and pins nothing.
      scene.expectUndisturbed(again, since: said)
      #expect(scene.pins(scene.bob) == "")
    }
  }

  @Test("A pin protects who has it: a sender who has none is read, and its receiver refuses")
  func senderWithoutPin() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      try removeSmallFiles(stage)
      let pins = scene.pins(scene.bob)
      try await scene.forget("bob", by: scene.alice)
      scene.malicious.turn(to: .lying)
      let receiver = try await scene.waitingBob("accept")
      let before = receiver.output.text
      let content = randomBytes(3000)
      // For her it is a first meeting, and she is even told that all is well.
      try await scene.sendingAlice(content, "accept").expectExit(0)
      let haul = try await scene.malicious.trap(for: "bob").hauls(1)[0]
      #expect(haul.content == content)
      #expect(!haul.isPassedOn)
      scene.expectUndisturbed(receiver, since: before)
      #expect(scene.pins(scene.bob) == pins)
    }
  }

  @Test("A pin protects who has it: a sender who has one refuses, whoever the receiver is to it")
  func receiverWithoutPin() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
      try removeSmallFiles(stage)
      try await scene.forget("alice", by: scene.bob)
      scene.malicious.turn(to: .lying)
      let receiver = try await scene.waitingBob("accept")
      let before = receiver.output.text
      try await scene.sendingAlice([1, 2, 3], "accept").expectExit(10)
      #expect(try await scene.malicious.trap(for: "bob").countCalls() == 0)
      scene.expectUndisturbed(receiver, since: before)
      #expect(scene.pins(scene.bob) == "")

      // With both pins forgotten it is a first meeting again.
      try await scene.forget("bob", by: scene.alice)
      try await scene.sendingAlice([4, 5, 6], "accept").expectExit(0)
      try await receiver.expectExit(0)
      let hauls = try await scene.malicious.trap(for: "bob").hauls(1)
      #expect(hauls.map(\.content) == [[4, 5, 6]])
    }
  }

  /// What an earlier transfer has left must not be taken for what a later one writes.
  private func removeSmallFiles(_ stage: Stage) throws {
    for name in ["small-in", "small-out"] {
      try FileManager.default.removeItem(atPath: stage.folder.path(name))
    }
  }
}
