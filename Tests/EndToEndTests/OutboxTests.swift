import Foundation
import Testing

extension EndToEnd {
  /// What is sealed and has not arrived at a mailbox yet.
  @Suite struct OutboxTests {}
}

extension EndToEnd.OutboxTests {
  @Test("A transfer that broke off midway is left with a mailbox from its first byte on")
  func brokenOff() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.settle()
      let content = randomBytes(64 << 20)
      let file = try stage.folder.put(content, at: "large")
      let receiver = try await stage.receiving(scene.bob, at: scene.kdc, into: scene.received)
      let quick = try QuickClock(factor: 20, in: stage.folder)
      let sender = try stage.start(
        .client,
        ["send", file, "-r", "bob", "-n", "alice", "--retry", "1"]
          + Stage.Access(scene.alice, at: scene.kdc).arguments, home: scene.alice.home,
        environment: quick.environment)
      try await eventually("some of the file", report: sender.report) {
        scene.arrived() > 1 << 20 ? () : nil
      }
      receiver.signal(SIGKILL)
      _ = try await receiver.exit()
      try await sender.expectExit(0)
      #expect(sender.errors.text.contains("Trying again."))
      #expect(sender.errors.text.contains("left \"large\" with post for bob"))
      let fetched = try stage.folder.folder("fetched")
      try await scene.asBob(["fetch", "-d", fetched.path, "--accept-all"]).expectExit(0)
      // A failure need not print all of it.
      let isWhole = fetched.bytes(of: "large") == content
      #expect(isWhole)
    }
  }

  private func sealed(_ scene: FetchScene) throws -> [UInt8]? {
    let files = Folder(notYetAt: scene.alice.home.path("outbox")).allFiles
    #expect(files.count < 2)
    return try files.first.map { try [UInt8](Data(contentsOf: URL(filePath: $0))) }
  }

  @Test("A failure keeps what is sealed for the next try; a refusal that stays does not")
  func kept() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let office = try await Machine.registered("office", at: scene.kdc, on: stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      _ = try await stage.mailbox(office, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("one", [1])
      #expect(try sealed(scene) == nil)
      // Bob is known by now, and this mailbox is not.
      let file = try stage.folder.put([2], at: "two")
      try await scene.leave([file, "--new-peer", "refuse"], with: "office", exit: 10)
      let first = try sealed(scene)
      #expect(first != nil)
      try await scene.leave([file, "--new-peer", "refuse"], with: "office", exit: 10)
      #expect(try sealed(scene) == first)
      // A text is sealed anew each time.
      try await scene.leave(["--text", "x", "--new-peer", "refuse"], with: "office", exit: 10)
      #expect(try sealed(scene) == first)
      try await scene.asBob(["mailbox", "refuse", "alice", "--at", "post"]).expectExit(0)
      try await scene.leave([file], exit: 7)
      #expect(try sealed(scene) == nil)
    }
  }

  @Test("What is sent directly after all is not kept sealed, and what is old goes with any sending")
  func sentDirectly() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      mailbox.signal(SIGKILL)
      _ = try await mailbox.exit()
      let (first, second) = (
        try stage.folder.put([1], at: "first"), try stage.folder.put([2], at: "second")
      )
      for file in [first, second] { try await scene.leave([file], exit: 6) }
      let outbox = Folder(notYetAt: scene.alice.home.path("outbox"))
      func send(_ file: String) async throws {
        let receiver = try await stage.receiving(scene.bob, at: scene.kdc, into: scene.received)
        try await stage.sending(scene.alice, at: scene.kdc, to: "bob", [file]).expectExit(0)
        try await receiver.expectExit(0)
      }
      try await send(first)
      #expect(outbox.allFiles.count == 1)
      let old = try #require(outbox.allFiles.first)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)], ofItemAtPath: old)
      try await send(stage.folder.put([3], at: "third"))
      #expect(outbox.allFiles.isEmpty)
    }
  }

  @Test("A receiver that cannot be pinned is pinned by the next try, which leaves nothing twice")
  func pinnedLater() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("one", [1], from: try stage.user("carol"))
      // The mailbox is known: only the receiver is to be pinned.
      let known = try #require(try stage.user("carol").home.text(of: "known_peers"))
      let post = try #require(known.split(separator: "\n").first { $0.contains(" post ") })
      try stage.folder.folder("home-alice").put(
        Array("\(post)\n".utf8), at: "known_peers", mode: 0o600)
      let file = try stage.folder.put([2], at: "two")
      let failing = try FailingRename(to: "known_peers", in: stage.folder)
      let first = try stage.start(
        .client,
        ["send", file, "-r", "bob", "-n", "alice", "--via", "post"]
          + Stage.Access(scene.alice, at: scene.kdc).arguments, home: scene.alice.home,
        environment: failing.environment)
      try await first.expectExit(9)
      try await mailbox.said("stored number 2 from alice")
      #expect(try sealed(scene) != nil)
      try await scene.leave([file])
      #expect(scene.alice.home.text(of: "known_peers")?.contains(" bob ") == true)
      #expect(try sealed(scene) == nil)
      #expect(try await scene.list().count == 2)
    }
  }

  @Test("Who has agreed to a new receiver is not asked about it again for its mailbox")
  func askedOnce() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.settle()
      let receiver = try await stage.receiving(scene.bob, at: scene.kdc, into: scene.received)
      receiver.signal(SIGKILL)
      _ = try await receiver.exit()
      let file = try stage.folder.put([1], at: "file")
      let sender = try stage.start(
        .client,
        ["send", file, "-r", "bob", "-n", "alice", "--new-peer", "ask"]
          + Stage.Access(scene.alice, at: scene.kdc).arguments, home: scene.alice.home,
        input: .terminal)
      try await sender.shown("bob is new.")
      sender.type("y")
      try await sender.shown("post is new.")
      sender.type("y")
      try await sender.expectExit(0)
      #expect(sender.output.text.components(separatedBy: "bob is new.").count == 2)
      #expect(sender.output.text.contains("left \"file\" with post"))
    }
  }

  @Test("What was sealed for a login that ends too soon is sealed anew; else the same bytes go on")
  func sealedAnew() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn(["--deposit-lifetime", "1d"])
      // The KDC tells of it for a while yet.
      mailbox.signal(SIGKILL)
      _ = try await mailbox.exit()
      let file = try stage.folder.put([1, 2, 3], at: "file")
      /// What is left in the outbox when the mailbox cannot be reached.
      func tried() async throws -> [UInt8] {
        try await scene.leave([file], exit: 6)
        return try #require(try sealed(scene))
      }
      let first = try await tried()
      #expect(try await tried() == first)
      try await scene.logIn()
      let second = try await tried()
      #expect(second != first)
      try await scene.logIn()
      #expect(try await tried() == second)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.leave([file])
      try await scene.fetching().expectExit(0)
      #expect(scene.received.bytes(of: "file") == [1, 2, 3])
    }
  }
}
