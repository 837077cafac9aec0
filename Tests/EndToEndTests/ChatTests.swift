import Foundation
import Testing

extension EndToEnd {
  /// Lines between two people: `client chat`.
  @Suite struct ChatTests {}
}

extension EndToEnd.ChatTests {
  private func chat(
    _ stage: Stage, _ user: User, with peer: String, at kdc: RunningKDC,
    input: Program.Input = .pipe
  ) throws -> Program {
    try stage.start(
      .client,
      ["chat", "-r", peer, "-n", user.name] + Stage.Access(user, at: kdc).arguments,
      home: user.home, input: input)
  }

  private func say(_ line: String, _ program: Program) {
    program.write(Array((line + "\n").utf8))
  }

  private func hears(_ line: String, _ program: Program) async throws {
    try await eventually("\"\(line)\"", report: program.report) {
      program.output.lines.contains(line) ? () : nil
    }
  }

  @Test("Lines go both ways, and it is said what became of each")
  func bothWays() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let first = try chat(stage, alice, with: "bob", at: kdc)
      try await first.said("bob is not there now")
      say("too early", first)
      try await first.said("  not delivered: bob is not receiving now")
      let second = try chat(stage, bob, with: "alice", at: kdc)
      try await second.said("alice is there")
      say("hello", first)
      try await first.said("  delivered")
      try await hears("alice: hello", second)
      for number in 1...5 { say("line \(number)", second) }
      for number in 1...5 { try await hears("bob: line \(number)", first) }
      #expect(
        first.output.lines == (1...5).map { "bob: line \($0)" }, "in the order that they had")
      say("\u{1b}[2Jclear", second)
      try await hears("bob: \\u{001B}[2Jclear", first)
      // A line that is too long for a text is two, and no character of it is torn.
      let long = "x" + String(repeating: "é", count: 40_000)
      say(long, second)
      try await eventually("the long line", report: first.report) {
        let heard = first.output.lines.suffix(2).map { $0.dropFirst("bob: ".count) }
        return heard.joined() == long ? () : nil
      }
      // Its end is the end of standard input, or a signal; both are good.
      first.closeInput()
      try await first.expectExit(0)
      say("gone?", second)
      try await second.said("  not delivered: alice is not receiving now")
      second.signal(SIGINT)
      try await second.expectExit(0)
    }
  }

  @Test("A line to somebody away waits with the mailbox, and is heard first")
  func away() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (
        try await stage.loggedIn("alice", at: kdc), try await stage.loggedIn("bob", at: kdc)
      )
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      let home = try stage.start(
        .client,
        ["mailbox", "set", "post", "-n", "bob", "-a", "127.0.0.1", "-p", "\(kdc.port)"],
        home: bob.home)
      try await home.expectExit(0)
      let first = try chat(stage, alice, with: "bob", at: kdc)
      for number in 1...3 { say("line \(number)", first) }
      try await eventually("three lines wait", report: first.report) {
        let waiting = first.errors.lines.count { $0 == "  waits at post until bob fetches it" }
        return waiting == 3 ? () : nil
      }
      let second = try chat(stage, bob, with: "alice", at: kdc)
      try await second.said("alice is there")
      #expect(second.output.lines == (1...3).map { "alice: line \($0)" })
      let visits = kdc.log.split(separator: "\n").filter {
        $0.contains(" key-issued ") && $0.contains(" name=bob for=post ")
      }
      #expect(visits.count == 1)
      say("now you are", first)
      try await first.said("  delivered")
      try await hears("alice: now you are", second)
      for program in [first, second] {
        program.closeInput()
        try await program.expectExit(0)
      }
      try await mailbox.said("number 3 is collected by bob")
    }
  }

  @Test("Nobody else is heard in a chat, and nothing but texts is taken")
  func nobodyElse() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let program = try chat(stage, bob, with: "alice", at: kdc)
      try await program.said("alice is not there now")
      let carol = try await stage.loggedIn("carol", at: kdc)
      try await stage.send(carol, at: kdc, ["--text", "me, too"]).expectExit(7)
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let friend = try await stage.loggedIn(alice.name, at: kdc)
      try await stage.send(friend, at: kdc, [file]).expectExit(7)
      try await stage.send(friend, at: kdc, ["--text", "me"]).expectExit(0)
      try await hears("alice: me", program)
      #expect(program.output.lines == ["alice: me"])
      program.closeInput()
      try await program.expectExit(0)
    }
  }

  private func stored(_ user: User) throws -> [String] {
    try user.home.folder("credentials").allFiles.filter { !$0.hasSuffix("~lock") }
  }

  /// A chat of Bob's with Alice, at a terminal.
  private func atTerminal(_ stage: Stage, _ bob: User, at kdc: RunningKDC) throws -> Program {
    try stage.start(
      .client, ["chat", "-r", "alice", "-n", "bob", "-a", "127.0.0.1", "-p", "\(kdc.port)"],
      home: bob.home, input: .terminal)
  }

  @Test("A passphrase typed once serves both directions, and nothing of its login is written")
  func typed() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (
        try await stage.loggedIn("alice", at: kdc), try await stage.loggedIn("bob", at: kdc)
      )
      try await stage.start(.client, ["logout"], home: bob.home).expectExit(0)
      let program = try atTerminal(stage, bob, at: kdc)
      try await program.shown("passphrase")
      program.type(bob.passphrase)
      try await program.shown("alice is not there now")
      let sender = try stage.send(alice, at: kdc, ["--text", "hi"])
      try await sender.expectExit(0)
      try await program.shown("alice: hi")
      program.type("hello")
      try await program.shown("not delivered: alice is not receiving now")
      #expect(try stored(bob) == [])
      program.signal(SIGHUP)
      try await program.expectExit(128 + SIGHUP)
      #expect(try stored(bob) == [])
    }
  }

  @Test("A passphrase file is signed in with once, and a login that is kept meanwhile stays")
  func once() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await stage.loggedIn("alice", at: kdc)
      let bob = try stage.user("bob")
      let program = try chat(stage, bob, with: "alice", at: kdc)
      try await program.said("alice is not there now")
      try await stage.send(alice, at: kdc, ["--text", "hi"]).expectExit(0)
      try await hears("alice: hi", program)
      say("hello", program)
      try await program.said("  not delivered: alice is not receiving now")
      let logins = kdc.log.split(separator: "\n").filter { $0.contains(" logged-in name=bob ") }
      #expect(logins.count == 1)
      _ = try await stage.loggedIn("bob", at: kdc)
      program.closeInput()
      try await program.expectExit(0)
      #expect(try stored(bob).count == 1)
    }
  }

  @Test("A line whose login is over is not delivered, and nobody is asked for a passphrase")
  func noQuestion() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      _ = try await stage.loggedIn("alice", at: kdc)
      let bob = try await stage.loggedIn("bob", at: kdc)
      let program = try atTerminal(stage, bob, at: kdc)
      try await program.shown("alice is not there now")
      for word in ["disable", "enable"] {
        try await stage.start(
          .kdc, ["users", word, "bob", "-f", kdc.folder.path("pwd.txt")]
        ).expectExit(0)
      }
      program.type("hello")
      try await program.shown("not delivered: The login of bob is over.")
      #expect(!program.output.text.contains("passphrase of bob"))
      program.signal(SIGINT)
      _ = try await program.exit()
    }
  }
}
