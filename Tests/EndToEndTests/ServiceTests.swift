import Foundation
import Testing

extension EndToEnd {
  /// What a receiver that stays asks, starts and renews: `client receive --keep`.
  @Suite struct ServiceTests {}
}

extension EndToEnd.ServiceTests {
  // MARK: Questions

  /// A receiver at a terminal.
  private func asking(
    _ stage: Stage, at kdc: RunningKDC, into folder: Folder, _ extra: [String] = [],
    environment: [String: String] = [:]
  ) async throws -> Program {
    let bob = try stage.user("bob")
    let receiver = try stage.start(
      .client,
      ["receive", "--keep", "-d", folder.path, "-n", "bob", "-l", "0"]
        + Stage.Access(bob, at: kdc).arguments + extra, home: bob.home,
      environment: environment, input: .terminal)
    try await receiver.shown("listening on port")
    return receiver
  }

  @Test("Questions come one after the other, and nobody else has to wait for an answer")
  func questions() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let receiver = try await asking(stage, at: kdc, into: received, ["--accept-from", "alice"])
      let alice = try await stage.loggedIn("alice", at: kdc)
      let carol = try await stage.loggedIn("carol", at: kdc)
      let dave = try await stage.loggedIn("dave", at: kdc)
      let files = try ["a", "c", "d", "e"].map { try stage.folder.put([1], at: $0) }
      let first = try stage.send(carol, at: kdc, [files[1]])
      try await receiver.shown("Accept this from carol? [y/N]")
      let second = try stage.send(dave, at: kdc, [files[2]])
      try await stage.send(alice, at: kdc, [files[0]]).expectExit(0)
      #expect(received.entries == ["a"])
      #expect(!receiver.output.text.contains("from dave?"))
      // It was not said before the question was answered.
      #expect(!receiver.output.text.contains("received"))
      receiver.type("n")
      try await first.expectExit(7)
      try await receiver.shown("received \"a\"")
      try await receiver.shown("Accept this from dave? [y/N]")
      receiver.type("y")
      try await second.expectExit(0)
      #expect(received.entries == ["a", "d"])

      // Nobody answers any more.
      let third = try stage.send(carol, at: kdc, [files[3]])
      try await receiver.shown("Accept this from carol? [y/N]", times: 2)
      let fourth = try stage.send(dave, at: kdc, [files[3]])
      try await stage.stop(receiver, by: SIGINT)
      for sender in [third, fourth] { #expect(try await sender.exit() != 0) }
      #expect(receiver.echoes)
    }
  }

  @Test("A question about somebody new keeps nobody waiting who is known")
  func newPeer() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let alice = try await stage.loggedIn("alice", at: kdc)
      let carol = try await stage.loggedIn("carol", at: kdc)
      let files = try ["a", "b", "c"].map { try stage.folder.put([1], at: $0) }
      let options = ["--accept-all", "--new-peer", "ask"]
      let receiver = try await asking(stage, at: kdc, into: received, options)
      let known = try stage.send(alice, at: kdc, [files[0]])
      try await receiver.shown("alice is new.")
      receiver.type("y")
      try await known.expectExit(0)
      let new = try stage.send(carol, at: kdc, [files[1]])
      try await receiver.shown("carol is new.")
      try await stage.send(alice, at: kdc, [files[2]]).expectExit(0)
      receiver.type("n")
      try await new.expectExit(7)
      #expect(received.entries == ["a", "c"])
      try await stage.stop(receiver)
    }
  }

  // MARK: Programs

  /// Processes that this one has started and has not waited for.
  private func children(of program: Program) -> [String] {
    let folder = "/proc/\(program.processID)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return threads.flatMap { thread in
      let text =
        (try? String(contentsOfFile: "\(folder)/\(thread)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").map(String.init)
    }
  }

  @Test("A program for each transfer, at once; each sender is told of its own")
  func programs() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let out = try stage.folder.folder("out")
      let receiver = try await stage.serving(
        at: kdc, by: "cat > \"$OUT/$TRENT_SENDER\"; [ $TRENT_SENDER != carol ] || exit 5", out: out)
      let contents = [randomBytes(2_000_000), randomBytes(2_000_000)]
      var senders: [Program] = []
      for (number, name) in ["alice", "carol"].enumerated() {
        let user = try await stage.loggedIn(name, at: kdc)
        senders.append(try await stage.stream(user, at: kdc, to: receiver, number: number + 1))
      }
      #expect(children(of: receiver).count == 2)
      for (sender, content) in zip(senders, contents) {
        sender.write(content)
        sender.closeInput()
      }
      try await senders[0].expectExit(0)
      try await senders[1].expectExit(11)
      #expect(senders[1].errors.text.contains("exit status 5"))
      #expect(out.bytes(of: "alice") == contents[0])
      #expect(out.bytes(of: "carol") == contents[1])
      try await eventually("no process that is left") {
        children(of: receiver).isEmpty ? () : nil
      }
      #expect(receiver.exitStatus == nil)
      try await stage.stop(receiver)
    }
  }

  @Test("Programs that run are ended with the receiver")
  func programsAreEnded() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let out = try stage.folder.folder("out")
      let receiver = try await stage.serving(
        at: kdc,
        by: "echo $$ > \"$OUT/$TRENT_SENDER\"; cat > /dev/null; touch \"$OUT/whole\"; wait",
        out: out)
      let alice = try await stage.loggedIn("alice", at: kdc)
      let sender = try await stage.stream(alice, at: kdc, to: receiver, number: 1)
      let process = try await eventually("the program") {
        out.text(of: "alice").flatMap { pid_t($0.dropLast()) }
      }
      try await stage.stop(receiver)
      #expect(kill(process, 0) != 0)
      sender.closeInput()
      #expect(try await sender.exit() == 8)
      #expect(out.entries == ["alice"])
    }
  }

  // MARK: Staying

  @Test("The KDC is killed and forgets who is there; a new passphrase ends the login")
  func staysPresent() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let bob = try stage.user("bob")
      let received = try stage.folder.folder("received")
      let clock = try QuickClock(factor: 20, in: stage.folder)
      let receiver = try stage.start(
        .client,
        ["receive", "--keep", "--accept-all", "-d", received.path, "-n", "bob", "-l", "0"]
          + Stage.Access(bob, at: first).arguments, home: bob.home,
        environment: clock.environment)
      try await receiver.said("listening on port")
      let alice = try await stage.loggedIn("alice", at: first)
      first.program.signal(SIGKILL)
      try await first.program.expectExit(128 + SIGKILL)
      try await receiver.said("the KDC does not answer")
      try await meetJunk(at: first.port, receiver)
      try FileManager.default.removeItem(atPath: first.folder.path("pwd.txt.presence"))
      let second = try await stage.kdc(port: first.port)
      let file = try stage.folder.put([1], at: "one")
      try await receiver.said("the KDC answers again")
      try await stage.send(alice, at: second, [file]).expectExit(0)

      try await changePassphrase(of: bob, on: stage, at: second)
      try await receiver.said("the login of bob is over")
      let other = try stage.folder.put([2], at: "two")
      try await eventually("a login of the receiver's") {
        second.log.components(separatedBy: " logged-in name=bob ").count > 3 ? () : nil
      }
      _ = try stage.send(alice, at: second, ["--retry", "1", other])
      try await eventually("the second file", report: receiver.report) {
        received.bytes(of: "two") == [2] ? () : nil
      }
      try await stage.stop(receiver)
    }
  }

  /// Somebody else answers in the KDC's place for a while.
  private func meetJunk(at port: UInt16, _ receiver: Program) async throws {
    do {
      let junk = try JunkServer(port)
      try await eventually("answers that make no sense", report: receiver.report) {
        junk.answerCount >= 3 ? () : nil
      }
    }
    #expect(receiver.exitStatus == nil)
    // Whoever waited in `accept` has let go of the port.
    try await eventually("the port") { (try? ServerSocket(port)).map { _ in () } }
  }

  @Test("It ends when another login receives in its place, a question open or not")
  func superseded() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let clock = try QuickClock(factor: 20, in: stage.folder)
      let receiver = try await asking(
        stage, at: kdc, into: received, environment: clock.environment)
      let alice = try await stage.loggedIn("alice", at: kdc)
      let file = try stage.folder.put([1], at: "file")
      let sender = try stage.send(alice, at: kdc, [file])
      try await receiver.shown("Accept this from alice? [y/N]")
      let second = try await stage.listening(
        try stage.user("bob"), at: kdc, ["-o", stage.folder.path("out")])
      try await receiver.expectExit(1)
      #expect(receiver.output.text.contains("another login of bob receives now"))
      #expect(try await sender.exit() != 0)
      #expect(second.exitStatus == nil)
    }
  }

  @Test("It ends when the KDC says that its login is over, and it has no other")
  func loginOver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try await stage.loggedIn("bob", at: kdc)
      let clock = try QuickClock(factor: 20, in: stage.folder)
      let receiver = try stage.start(
        .client,
        ["receive", "--keep", "-n", "bob", "-l", "0", "-a", "127.0.0.1", "-p", "\(kdc.port)"]
          + ["-d", stage.folder.path], home: bob.home, environment: clock.environment)
      try await receiver.said("listening on port")
      let disabling = try stage.start(
        .kdc, ["users", "disable", "bob", "-f", kdc.folder.path("pwd.txt")])
      try await disabling.expectExit(0)
      try await receiver.expectExit(5)
      #expect(receiver.errors.text.contains("The login of bob is over"))
    }
  }

  /// What the receiver's file holds is the new one afterwards.
  private func changePassphrase(
    of user: User, on stage: Stage, at kdc: RunningKDC
  ) async throws {
    let new = try stage.folder.put(Array("quite another one\n".utf8), at: "new", mode: 0o600)
    let old = try stage.folder.put(
      stage.folder.bytes(of: "\(user.name).passphrase") ?? [], at: "old", mode: 0o600)
    let passwd = try stage.start(
      .client,
      [
        "passwd", "-n", user.name, "-a", "127.0.0.1", "-p", "\(kdc.port)", "--passphrase-file", old,
        "--new-passphrase-file", new,
      ], home: user.home)
    try FileManager.default.removeItem(atPath: user.passphraseFile)
    try FileManager.default.copyItem(atPath: new, toPath: user.passphraseFile)
    try await passwd.expectExit(0)
  }
}
