import Foundation
import Testing

extension EndToEnd {
  /// What a person at a terminal is asked, and what the terminal shows.
  @Suite struct TerminalTests {}
}

extension EndToEnd.TerminalTests {
  private func sender(_ stage: Stage, _ kdc: RunningKDC, _ user: User, to receiver: String) throws
    -> Program
  {
    let file = try stage.folder.put([1, 2, 3], at: "in")
    return try stage.sender(
      user, Stage.Access(port: kdc.port, []), to: receiver, file, input: .terminal)
  }

  @Test("A newcomer trusts the KDC, registers and sends, and never sees the passphrase")
  func newcomer() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let first = try sender(stage, kdc, alice, to: "bob")
      try await first.shown(kdc.word)
      try await first.shown("[y/N]")
      first.type("y")
      try await first.shown("passphrase of alice")
      first.type(alice.passphrase)
      try await first.shown("register alice? [y/N]")
      first.type("y")
      try await first.shown("new passphrase")
      first.type(alice.passphrase)
      try await first.shown("again")
      first.type(alice.passphrase)
      try await first.expectExit(0)
      try await receiver.expectExit(0)
      #expect(!first.output.text.contains(alice.passphrase))
      #expect(first.echoes)

      // The second time only the passphrase is asked for.
      let again = try sender(stage, kdc, alice, to: "nobody")
      try await again.shown("passphrase of alice")
      again.type(alice.passphrase)
      try await again.expectExit(6)
      #expect(!again.output.text.contains("[y/N]"))
      #expect(!again.output.text.contains(alice.passphrase))
    }
  }

  @Test("Any answer but yes leaves the KDC untrusted", arguments: ["n", "", "no", "maybe"])
  func distrusts(answer: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let program = try sender(stage, kdc, alice, to: "bob")
      try await program.shown("[y/N]")
      program.type(answer)
      try await program.expectExit(4)
      #expect(alice.home.text(of: "known_kdcs") == nil)
      #expect(!program.output.text.contains("passphrase of"))
    }
  }

  @Test("No to the question of registering: refused, and nothing is registered")
  func declinesRegistration() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let program = try sender(stage, kdc, try stage.user("alice"), to: "bob")
      try await program.shown("[y/N]")
      program.type("yes")
      try await program.shown("passphrase of alice")
      program.type("a typing mistake")
      try await program.shown("register alice? [y/N]")
      program.type("n")
      try await program.expectExit(5)
      #expect(kdc.log.contains(" refused name=alice "))
      #expect(!kdc.log.contains(" registered "))
    }
  }

  @Test("Two passphrases that differ register nothing")
  func differentPassphrases() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let program = try sender(stage, kdc, try stage.user("alice"), to: "bob")
      try await program.shown("[y/N]")
      program.type("y")
      try await program.shown("passphrase of alice")
      program.type("one")
      try await program.shown("register alice? [y/N]")
      program.type("y")
      try await program.shown("new passphrase")
      program.type("one of many words")
      try await program.shown("again")
      program.type("other of many words")
      try await program.expectExit(5)
      #expect(!kdc.log.contains(" registered "))
    }
  }

  @Test("Ctrl-C at a passphrase ends the program and gives the terminal back")
  func interrupted() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let program = try sender(stage, kdc, try stage.user("alice"), to: "bob")
      try await program.shown("[y/N]")
      program.type("y")
      try await program.shown("passphrase of alice")
      #expect(!program.echoes)
      program.write([0x03])
      try await program.expectExit(128 + SIGINT)
      #expect(program.echoes)
    }
  }

  @Test("A terminal gets raw bytes only with -o -")
  func rawBytes() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let refused = try stage.receiver(bob, Stage.Access(bob, at: kdc), [], input: .terminal)
      try await refused.expectExit(64)
      #expect(refused.output.text.contains("-o -"))

      let receiver = try stage.receiver(
        bob, Stage.Access(bob, at: kdc), ["-o", "-"], input: .terminal)
      try await receiver.shown("listening on port")
      let file = try stage.folder.put(Array("raw\u{7}bytes".utf8), at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.output.text.contains("raw\u{7}bytes"))
    }
  }
}
