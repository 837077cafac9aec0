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
      #expect(fetched.bytes(of: "large") == content)
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
      func sealed() async throws -> [UInt8] {
        try await scene.leave([file], exit: 6)
        let outbox = try #require(try scene.alice.home.folder("outbox").allFiles.first)
        return try [UInt8](Data(contentsOf: URL(filePath: outbox)))
      }
      let first = try await sealed()
      #expect(try await sealed() == first)
      try await scene.logIn()
      let second = try await sealed()
      #expect(second != first)
      try await scene.logIn()
      #expect(try await sealed() == second)
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.leave([file])
      try await scene.fetching().expectExit(0)
      #expect(scene.received.bytes(of: "file") == [1, 2, 3])
    }
  }
}
