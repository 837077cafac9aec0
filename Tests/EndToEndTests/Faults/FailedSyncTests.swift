import Foundation
import Testing

extension EndToEnd {
  /// `fsync` that fails in a client: whichever it is, what a person is told is true, nothing half is
  /// left, and the same command works when the disk does again. (The KDC: `DiskFailureTests`; the
  /// mailbox: `MailboxCrashTests`.)
  @Suite struct FailedSyncTests {}
}

extension EndToEnd.FailedSyncTests {
  private static let calls = "fsync,fdatasync"

  /// Where the `number`-th sync of each thread fails, and is written down in `log`.
  private func failing(_ number: Int, log: String) -> Surroundings {
    Surroundings(
      wrapper: Strace.command(
        tracing: Self.calls, on: [],
        injecting: ["\(Self.calls):error=EIO:when=\(number)"], log: log))
  }

  /// Runs `body` with a failure at one sync after the other, until none is met: at every third one,
  /// from a random one on, or at all of them where `TRENT_EVERY_SYNC` is set.
  ///
  /// - Parameter body: gets the number, and where to run the program.
  /// - Returns: how many there are.
  @discardableResult
  private func sweep(
    _ stage: Stage, _ body: (Int, Surroundings) async throws -> Void
  ) async throws -> Int {
    let isLong = ProcessInfo.processInfo.environment["TRENT_EVERY_SYNC"] != nil
    for number in stride(from: isLong ? 1 : .random(in: 1...3), to: 40, by: isLong ? 1 : 3) {
      let log = stage.folder.path("strace.\(number)")
      try await body(number, failing(number, log: log))
      let isMet = try await eventually("the end of strace") {
        stage.folder.text(of: "strace.\(number)").map { $0.contains("INJECTED") }
      }
      if !isMet { return number - 1 }
    }
    throw TestProblem("the last sync", code: 0)
  }

  @Test("Registration and first login", .needs(.tracing))
  func login() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      var statuses: [Int32] = []
      let count = try await sweep(stage) { number, faulty in
        let user = try stage.user("user\(number)")
        func logIn(_ surroundings: Surroundings?) throws -> Program {
          try stage.start(
            .client,
            ["login", "-n", user.name, "--verbose"]
              + Stage.Access(user, at: kdc).arguments, home: user.home, in: surroundings)
        }
        let first = try logIn(faulty)
        let status = try await first.exit()
        statuses.append(status)
        #expect(status == 9 || status == 0, "\(first.report)")
        // What is only convenient may fail: then it is explained.
        let isTold = first.errors.text.contains("Input/output error")
        #expect(isTold || status == 0, "\(first.report)")
        try await logIn(nil).expectExit(0)
      }
      print("a login one of whose syncs fails: exit codes \(statuses)")
      #expect(count > 8 && statuses.count { $0 == 9 } > 1)
    }
  }

  @Test("A first meeting, as the sender", .needs(.tracing))
  func sender() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let received = try stage.folder.folder("received")
      _ = try await stage.serving(at: kdc, into: received, ["--accept-all", "--rename"])
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let alice = try await stage.loggedIn("alice", at: kdc)
      try await sweep(stage) { number, faulty in
        let before = received.entries.count
        let first = try stage.start(
          .client,
          ["send", "-r", "bob", "-n", "alice", "-a", kdc.host, "-p", "\(kdc.port)", file],
          home: alice.home, in: faulty)
        let status = try await first.exit()
        #expect(status == 9 || status == 0, "\(first.report)")
        // Who is not pinned gets nothing.
        #expect(received.entries.count == before + (status == 0 ? 1 : 0), "\(first.report)")
        try await stage.send(alice, at: kdc, [file]).expectExit(0)
        try await stage.start(
          .client, ["peers", "forget", "bob", "--yes", "-a", kdc.host, "-p", "\(kdc.port)"],
          home: alice.home
        ).expectExit(0)
      }
    }
  }

  @Test("A receiver whose device cannot keep in mind who sends: both are told, nothing is taken")
  func pin() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let (alice, bob) = (try await stage.loggedIn("alice", at: kdc), try stage.user("bob"))
      let received = try stage.folder.folder("received")
      let failing = try FailingRename(to: "known_peers", in: stage.folder)
      stage.put(bob.home, in: Surroundings(environment: failing.environment))
      let receiver = try await stage.serving(at: kdc, into: received)
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let sender = try stage.send(alice, at: kdc, [file])
      try await sender.expectExit(7)
      #expect(sender.errors.text.contains("cannot write"), "\(sender.report)")
      let line = try await receiver.said("refused alice: ")
      #expect(line.contains("known_peers: Input/output error"), "\(line)")
      #expect(received.entries.isEmpty)
      try await stage.stop(receiver)
      stage.put(bob.home, in: Surroundings())
      _ = try await stage.serving(at: kdc, into: received)
      try await stage.send(alice, at: kdc, [file]).expectExit(0)
      #expect(received.bytes(of: "file") == [1, 2, 3])
    }
  }

  @Test("Receiving a file: no sync fails without both sides saying so", .needs(.tracing))
  func receiver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let alice = try await stage.loggedIn("alice", at: kdc)
      let bob = try await stage.loggedIn("bob", at: kdc)
      let received = try stage.folder.folder("received")
      let file = try stage.folder.put(randomBytes(300_000), at: "file")
      func receive(_ surroundings: Surroundings?) async throws -> Program {
        let program = try stage.start(
          .client,
          ["receive", "--accept-all", "-d", received.path, "-n", "bob", "-l", "0"]
            + Stage.Access(host: kdc.host, port: kdc.port, []).arguments, home: bob.home,
          in: surroundings)
        try await program.said("listening on port")
        return program
      }
      // Both know each other before: this is about the file alone.
      let meeting = try await receive(nil)
      try await stage.send(alice, at: kdc, [file]).expectExit(0)
      try await meeting.expectExit(0)
      try await sweep(stage) { number, faulty in
        try FileManager.default.removeItem(atPath: received.path("file"))
        let receiver = try await receive(faulty)
        let sender = try stage.send(alice, at: kdc, [file])
        let ends = (try await sender.exit(), try await receiver.exit())
        #expect(ends == (0, 0) || ends == (7, 9), "\(sender.report) \(receiver.report)")
        guard ends == (7, 9) else { return }
        #expect(receiver.errors.text.contains("Input/output error"), "\(receiver.report)")
        let again = try await receive(nil)
        // What has its name already is not taken again.
        if received.bytes(of: "file") == nil {
          try await stage.send(alice, at: kdc, [file]).expectExit(0)
          try await again.expectExit(0)
        }
        #expect(received.bytes(of: "file") == stage.folder.bytes(of: "file"))
        again.signal(SIGKILL)
      }
    }
  }
}
