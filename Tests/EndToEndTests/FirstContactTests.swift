import Foundation
import Testing

extension EndToEnd {
  /// Whom a client takes for its KDC.
  @Suite struct FirstContactTests {}
}

extension EndToEnd.FirstContactTests {
  /// A sender to nobody: it ends with 6 if it has come to trust the KDC and to log in.
  private func sender(
    _ stage: Stage, _ user: User, _ port: UInt16, _ options: [String]
  ) throws -> Program {
    let access = Stage.Access(
      port: port, ["--register", "--passphrase-file", user.passphraseFile] + options)
    return try stage.sender(user, access, to: "nobody", "/dev/null")
  }

  @Test("Nobody to ask and nothing said: refused, with the word to compare")
  func unknown() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let program = try sender(stage, alice, kdc.port, [])
      try await program.expectExit(4)
      #expect(program.errors.text.contains(kdc.word))
      #expect(program.errors.text.contains("--kdc-key"))
      #expect(alice.home.text(of: "known_kdcs") == nil)
      #expect(!kdc.log.contains("alice"))
    }
  }

  @Test("--kdc-key pins the right one, and refuses every other")
  func word() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let other = try await stage.kdc(folder: "other")
      let alice = try stage.user("alice")
      let wrong = try sender(stage, alice, kdc.port, ["--kdc-key", other.word])
      try await wrong.expectExit(4)
      #expect(alice.home.text(of: "known_kdcs") == nil)
      try await sender(stage, alice, kdc.port, ["--kdc-key", kdc.word]).expectExit(6)
      #expect(alice.home.text(of: "known_kdcs") == "127.0.0.1:\(kdc.port) \(kdc.word)\n")
      // It is known now.
      try await sender(stage, alice, kdc.port, []).expectExit(6)
      #expect(!other.log.contains("alice"))
    }
  }

  @Test("--kdc-key that contradicts the pin is refused")
  func wordAgainstPin() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let other = try await stage.kdc(folder: "other")
      let alice = try stage.user("alice")
      try await sender(stage, alice, kdc.port, ["--kdc-key", kdc.word]).expectExit(6)
      try await sender(stage, alice, kdc.port, ["--kdc-key", other.word]).expectExit(4)
    }
  }

  @Test("--accept-new-kdc accepts an unknown KDC, never a changed one")
  func acceptNew() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let alice = try stage.user("alice")
      let new = try sender(stage, alice, first.port, ["--accept-new-kdc"])
      try await new.expectExit(6)
      #expect(new.errors.text.contains(first.word))
      try await first.stop()
      let impostor = try await stage.kdc(port: first.port, folder: "impostor")
      let options = [[], ["--accept-new-kdc"], ["--kdc-key", impostor.word]]
      for option in options {
        let changed = try sender(stage, alice, first.port, option)
        try await changed.expectExit(4)
        #expect(changed.errors.text.contains("changed"))
        #expect(changed.errors.text.contains(first.word))
        #expect(changed.errors.text.contains(alice.home.path("known_kdcs")))
      }
      #expect(!impostor.log.contains("alice"))
      #expect(alice.home.text(of: "known_kdcs") == "127.0.0.1:\(first.port) \(first.word)\n")
    }
  }
}
