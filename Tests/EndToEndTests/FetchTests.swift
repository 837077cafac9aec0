import Foundation
import Testing

extension EndToEnd {
  /// What was left with a mailbox, fetched by the real programs.
  @Suite struct FetchTests {}
}

/// Alice leaves, Bob fetches.
struct FetchScene {
  let stage: Stage
  let kdc: RunningKDC
  let post: Machine
  let alice: User
  let bob: User
  let received: Folder

  init(_ stage: Stage) async throws {
    self.stage = stage
    kdc = try await stage.kdc()
    post = try await Machine.registered("post", at: kdc, on: stage)
    (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
    received = try stage.folder.folder("received")
  }

  /// A login of Bob's that takes deposits, kept.
  func logIn(_ extra: [String] = []) async throws {
    let login = try stage.start(
      .client, ["login", "-n", bob.name] + extra + Stage.Access(bob, at: kdc).arguments,
      home: bob.home)
    try await login.expectExit(0)
  }

  func leave(
    _ words: [String], with mailbox: String = "post", from user: User? = nil, exit: Int32 = 0,
    input: [UInt8]? = nil
  ) async throws {
    let sending = try stage.sending(
      user ?? alice, at: kdc, to: "bob", words + ["--via", mailbox],
      input: input == nil ? .nothing : .pipe)
    if let input {
      sending.write(input)
      sending.closeInput()
    }
    try await sending.expectExit(exit)
  }

  func leave(
    _ name: String, _ content: [UInt8], with mailbox: String = "post", from user: User? = nil
  ) async throws {
    try await leave([stage.folder.put(content, at: name)], with: mailbox, from: user)
  }

  /// `client` with the login that Bob's device keeps, and no passphrase.
  func asBob(_ words: [String]) throws -> Program {
    try stage.start(
      .client, words + ["-n", "bob"] + Stage.Access(port: kdc.port, []).arguments, home: bob.home)
  }

  func fetching(_ extra: [String] = ["--accept-all"]) throws -> Program {
    try asBob(["fetch", "-d", received.path, "--verbose"] + extra)
  }

  func settle(_ mailbox: String = "post") async throws {
    try await asBob(["mailbox", "set", mailbox]).expectExit(0)
  }

  /// How many bytes of a file called "large" have come in.
  func arrived() -> Int {
    received.allFiles.filter { $0.hasSuffix("/large") }.reduce(0) { total, path in
      let found = try? FileManager.default.attributesOfItem(atPath: path)[.size]
      return total + (found as? Int ?? 0)
    }
  }

  /// What `--list` writes, a line each.
  func list(_ extra: [String] = []) async throws -> [String] {
    let listing = try asBob(["fetch", "--list"] + extra)
    try await listing.expectExit(0)
    return listing.output.lines
  }
}

extension EndToEnd.FetchTests {
  @Test("Files, trees, texts and streams are listed, fetched in order, and then gone there")
  func everything() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      let nothing = try scene.fetching()
      try await nothing.expectExit(0)
      #expect(nothing.errors.text.contains("nothing waits for bob"))

      let large = randomBytes(3_000_000)
      let source = try stage.folder.folder("source")
      let tree = try source.folder("tree")
      try tree.put(randomBytes(70_000), at: "file")
      try tree.folder("below").put([], at: "empty")
      try FileManager.default.createSymbolicLink(
        atPath: tree.path("link"), withDestinationPath: "below/empty")
      try await scene.leave("large", large)
      try await scene.leave([tree.path])
      try await scene.leave(["--text", "come \u{1b}[31mhome"])
      let stream = randomBytes(1_500_000)
      try await scene.leave(["-"], input: stream)

      let lines = try await scene.list()
      #expect(lines.count == 4)
      #expect(lines.first?.hasPrefix("post 1 ") == true)
      #expect(lines.first?.hasSuffix("\"large\" (3000000 bytes)") == true)
      #expect(lines.allSatisfy { $0.contains("alice") })
      #expect(scene.received.entries.isEmpty)

      let fetching = try scene.fetching()
      try await fetching.expectExit(0)
      #expect(scene.received.bytes(of: "large") == large)
      #expect(try treeReport(scene.received.folder("tree")) == treeReport(tree))
      #expect(scene.received.bytes(of: "stdin") == stream)
      #expect(fetching.output.text == "come \\u{001B}[31mhome\n")
      let order = fetching.errors.lines.filter { $0.hasPrefix("received ") }
      #expect(order.count == 4 && order[0].contains("large") && order[3].contains("stream"))
      #expect(try await scene.list().isEmpty)
      #expect(scene.received.entries == ["large", "stdin", "tree"])
    }
  }

  @Test("What the rules refuse stays, is told, and blocks nothing; --json tells a script")
  func rules() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("small", randomBytes(1000))
      try await scene.leave("large", randomBytes(2_000_000))
      try await scene.leave("foreign", [1], from: try stage.user("mallory"))
      let refusing = try scene.fetching(["--accept-from", "alice", "--max-size", "1M", "--json"])
      try await refusing.expectExit(7)
      #expect(scene.received.entries == ["small"])
      let events = refusing.output.lines
      #expect(events.contains { $0.contains("\"began\"") && $0.contains("\"mailbox\":\"post\"") })
      #expect(events.filter { $0.contains("\"event\":\"refused\"") }.count == 2)
      #expect(events.last?.contains("\"status\":7") == true)
      let listing = try await scene.list(["--json"])
      #expect(listing.count == 2 && listing.allSatisfy { $0.contains("\"event\":\"waiting\"") })
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["foreign", "large", "small"])
    }
  }

  @Test("Killed at any moment, ten times, and gone on with: nothing is lost or fetched twice")
  func killed() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      let size = 48 << 20
      let content = randomBytes(size)
      try await scene.leave("large", content)
      try await scene.leave("after", [1, 2, 3])
      var before = 0
      var resumed = 0
      for round in 1...10 {
        let fetching = try scene.fetching()
        let goal = before + Int.random(in: 0...(size / 8))
        try await eventually("\(goal) bytes in round \(round)") {
          scene.arrived() >= goal || fetching.exitStatus != nil ? () : nil
        }
        fetching.signal(SIGKILL)
        _ = try await fetching.exit()
        resumed += fetching.errors.text.contains("are here already") ? 1 : 0
        let now = scene.arrived()
        #expect(now >= before, "something was lost in round \(round)")
        before = now
      }
      #expect(resumed > 0)
      let last = try scene.fetching()
      try await last.expectExit(0, within: .seconds(60))
      #expect(scene.received.entries == ["after", "large"])
      #expect(scene.received.bytes(of: "large") == content)
      #expect(try await scene.list().isEmpty)
    }
  }

  @Test("A mailbox that is killed in the middle: it is said, and gone on with when it is back")
  func mailboxKilled() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      let content = randomBytes(64 << 20)
      try await scene.leave("large", content)
      let fetching = try scene.fetching()
      try await eventually("some of it") { scene.arrived() > 1 << 20 ? () : nil }
      mailbox.signal(SIGKILL)
      _ = try await mailbox.exit()
      try await fetching.expectExit(8)
      #expect(fetching.errors.text.contains("The session with post broke off"))
      #expect(!scene.received.entries.contains("large"))
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      let again = try scene.fetching()
      try await again.expectExit(0)
      #expect(again.errors.text.contains("are here already"))
      #expect(scene.received.bytes(of: "large") == content)
    }
  }

  @Test("Two mailboxes: all that are known are asked, and one that is dead is told")
  func several() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let office = try await Machine.registered("office", at: scene.kdc, on: stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      let dying = try await stage.mailbox(office, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("one", [1])
      try await scene.leave("two", [2], with: "office")
      dying.signal(SIGKILL)
      _ = try await dying.exit()
      let fetching = try scene.fetching()
      try await fetching.expectExit(6)
      #expect(fetching.errors.text.contains("office"))
      #expect(scene.received.entries == ["one"])
      try await scene.fetching(["--accept-all", "--from", "post"]).expectExit(0)
      _ = try await stage.mailbox(office, at: scene.kdc)
      try await scene.fetching(["--accept-all", "--from", "post", "--from", "office"])
        .expectExit(0)
      #expect(scene.received.entries == ["one", "two"])
    }
  }

  @Test("Whom a receiver refuses leaves nothing, until it is allowed again")
  func refused() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("one", [1])
      let unset = try scene.asBob(["mailbox", "refuse", "alice"])
      try await unset.expectExit(64)
      try await scene.asBob(["mailbox", "refuse", "alice", "--at", "post"]).expectExit(0)
      try await scene.leave([stage.folder.put([2], at: "two")], exit: 7)
      // What is there stays.
      #expect(try await scene.list().count == 1)
      try await scene.settle()
      try await scene.asBob(["mailbox", "allow", "alice"]).expectExit(0)
      try await scene.leave("two", [2])
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["one", "two"])
    }
  }

  @Test(
    "A full disk leaves it with the mailbox, and what comes after it from the same sender",
    .needs(.disks))
  func fullDisk() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let disk = try SmallDisk(in: stage, size: "4m")
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      let content = randomBytes(6 << 20)
      try await scene.leave("large", content)
      try await scene.leave("after", [1])
      try await scene.leave("other", [2], from: try stage.user("carol"))
      let full = try scene.asBob(["fetch", "-d", disk.folder.path, "--accept-all"])
      try await full.expectExit(9)
      #expect(disk.folder.bytes(of: "large") == nil && disk.folder.bytes(of: "after") == nil)
      #expect(try await scene.list().count >= 2)
      disk.remount("size=16m")
      let again = try scene.asBob(["fetch", "-d", disk.folder.path, "--accept-all"])
      try await again.expectExit(0)
      #expect(disk.folder.bytes(of: "large") == content)
      #expect(disk.folder.bytes(of: "after") == [1] && disk.folder.bytes(of: "other") == [2])
      #expect(again.errors.text.contains("are here already"))
    }
  }

  @Test("A kept login opens without a passphrase; what was left before passwd opens after it")
  func afterPasswd() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("before", [1])
      let new = try stage.folder.put(
        Array("another-horse-for-bob-staple\n".utf8), at: "new", mode: 0o600)
      let passwd = try stage.start(
        .client,
        ["passwd", "-n", "bob", "-a", "127.0.0.1", "-p", "\(scene.kdc.port)"]
          + ["--passphrase-file", scene.bob.passphraseFile, "--new-passphrase-file", new],
        home: scene.bob.home)
      try await passwd.expectExit(0)
      try await scene.leave("after", [2])
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["after", "before"])
    }
  }

  @Test("A person may think for longer than a mailbox waits")
  func thinking() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let quick = try QuickClock(factor: 20, in: stage.folder)
      let mailbox = try stage.start(
        .mailbox, stage.mailboxArguments(scene.post, at: scene.kdc), home: scene.post.home,
        environment: quick.environment)
      try await mailbox.said("listening on port")
      try await scene.logIn()
      try await scene.leave("one", [1])
      try await scene.leave("two", [2])
      let fetching = try stage.start(
        .client,
        ["fetch", "-d", scene.received.path, "-n", "bob"]
          + Stage.Access(port: scene.kdc.port, []).arguments,
        home: scene.bob.home, environment: quick.environment, input: .terminal)
      for round in 1...2 {
        let ended = mailbox.errors.lines.filter { $0.contains("session with bob") }.count
        try await fetching.shown("Accept this from alice?", times: round)
        try await eventually("the end of the session", report: mailbox.report) {
          let now = mailbox.errors.lines.filter { $0.contains("session with bob") }.count
          return now > ended ? () : nil
        }
        fetching.type("y")
        try await fetching.shown("received \"", times: round)
      }
      try await fetching.expectExit(0)
      #expect(scene.received.entries == ["one", "two"])
    }
  }

  @Test("Another device of the receiver's says that the keys are not there, and takes nothing")
  func anotherDevice() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("one", [1])
      // The same identity, elsewhere: without the keys of that login.
      let away = stage.folder.path("deposits")
      try FileManager.default.moveItem(atPath: scene.bob.home.path("deposits"), toPath: away)
      let lost = try scene.fetching()
      try await lost.expectExit(9)
      #expect(lost.errors.text.contains("keys are not on this device"))
      #expect(scene.received.entries.isEmpty)
      try? FileManager.default.removeItem(atPath: scene.bob.home.path("deposits"))
      try FileManager.default.moveItem(atPath: away, toPath: scene.bob.home.path("deposits"))
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["one"])
    }
  }
}
