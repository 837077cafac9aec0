import Foundation
import Testing

extension EndToEnd {
  /// What is sealed and has not arrived at a mailbox yet.
  @Suite struct OutboxTests {}
}

extension EndToEnd.OutboxTests {
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
