import Foundation
import Testing

extension EndToEnd {
  /// Who is refused, with which exit code, and who is not harmed by it.
  @Suite struct RefusalTests {}
}

extension EndToEnd.RefusalTests {
  @Test("A wrong passphrase and an unknown name are answered alike, and harm nobody")
  func uniformRefusal() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let known = ["--passphrase-file", bob.passphraseFile]
      let wrong = try stage.sender(
        alice, Stage.Access(port: kdc.port, known), to: "bob", "/dev/null")
      try await wrong.expectExit(5)
      let stranger = try stage.user("mallory")
      let options = ["--kdc-key", kdc.word, "--passphrase-file", stranger.passphraseFile]
      let unknown = try stage.sender(
        stranger, Stage.Access(port: kdc.port, options), to: "bob", "/dev/null")
      try await unknown.expectExit(5)
      #expect(
        wrong.errors.text.replacingOccurrences(of: "alice", with: "NAME")
          == unknown.errors.text.replacingOccurrences(of: "mallory", with: "NAME"))
      #expect(wrong.errors.text.contains("rong passphrase, or no such user"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    }
  }

  @Test("A taken name cannot be registered: its passphrase stays what it was")
  func takenName() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let before = kdc.folder.text(of: "pwd.txt")
      // Another device and the owner's own, both with another passphrase.
      let thief = try stage.user("alice", device: "elsewhere")
      for device in [thief, alice] {
        var access = Stage.Access(device, at: kdc)
        access.options = [
          "--kdc-key", kdc.word, "--register", "--passphrase-file", bob.passphraseFile,
        ]
        let program = try stage.sender(device, access, to: "bob", "/dev/null")
        try await program.expectExit(5)
        #expect(program.errors.text.contains("taken"))
      }
      #expect(kdc.folder.text(of: "pwd.txt") == before)
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    }
  }

  @Test("The right passphrase on a device without the identity key is refused and explained")
  func otherDevice() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let elsewhere = try stage.user("alice", device: "elsewhere")
      let program = try stage.sender(elsewhere, at: kdc, to: "bob", "/dev/null")
      try await program.expectExit(5)
      #expect(program.errors.text.contains("identity key"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    }
  }

  @Test("An unknown receiver and one who is away are answered alike")
  func receiverAbsent() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let waiting = try await stage.listening(bob, at: kdc)
      waiting.signal(SIGTERM)
      try await waiting.expectExit(128 + SIGTERM)
      try await kdc.logged(" withdrawn name=bob ")
      let file = try stage.folder.put([1], at: "in")
      let away = try stage.sender(alice, at: kdc, to: "bob", file)
      try await away.expectExit(6)
      let unknown = try stage.sender(alice, at: kdc, to: "nobody", file)
      try await unknown.expectExit(6)
      // What was said at the registration aside.
      #expect(
        away.errors.lines.last?.replacingOccurrences(of: "bob", with: "NAME")
          == unknown.errors.lines.last?.replacingOccurrences(of: "nobody", with: "NAME"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    }
  }

  @Test("A receiver that was killed is not reachable, though the KDC still thinks it present")
  func receiverKilled() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let waiting = try await stage.listening(bob, at: kdc)
      waiting.signal(SIGKILL)
      try await waiting.expectExit(128 + SIGKILL)
      let file = try stage.folder.put([1], at: "in")
      let sender = try stage.sender(try stage.user("alice"), at: kdc, to: "bob", file)
      try await sender.expectExit(6)
      #expect(sender.errors.text.contains("bob cannot be reached"))
    }
  }

  @Test("Nobody sends to themselves")
  func ownName() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let sender = try stage.sender(alice, at: kdc, to: "alice", "/dev/null")
      try await sender.expectExit(64)
    }
  }

  @Test("A passphrase file that is missing, empty or open to others")
  func passphraseFiles() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      func sender(_ path: String) throws -> Program {
        let options = ["--kdc-key", kdc.word, "--register", "--passphrase-file", path]
        return try stage.sender(
          alice, Stage.Access(port: kdc.port, options), to: "bob", "/dev/null")
      }
      let missing = try sender(stage.folder.path("missing"))
      try await missing.expectExit(9)
      #expect(missing.errors.text.contains(stage.folder.path("missing")))
      let empty = try sender(try stage.folder.put([], at: "empty", mode: 0o600))
      #expect(try await empty.exit() != 0)
      #expect(empty.errors.text.contains("empty"))
      #expect(!kdc.log.contains("alice"))
      let open = try stage.folder.put(Array("a longer secret".utf8), at: "open", mode: 0o644)
      let warned = try sender(open)
      try await warned.expectExit(6)
      #expect(warned.errors.text.contains("chmod 600"))
    }
  }

  @Test("No terminal and no passphrase file: told so")
  func nowhereToAsk() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let access = Stage.Access(port: kdc.port, ["--kdc-key", kdc.word])
      let sender = try stage.sender(
        try stage.user("alice"), access, to: "bob", "/dev/null")
      try await sender.expectExit(64)
      #expect(sender.errors.text.contains("--passphrase-file"))
    }
  }
}
