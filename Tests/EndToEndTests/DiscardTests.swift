import Testing

extension EndToEnd {
  /// What is thrown away unread: `client mailbox discard`.
  @Suite struct DiscardTests {}
}

extension EndToEnd.DiscardTests {
  @Test("One number is deleted, by its receiver alone, and the rest is fetched")
  func discarded() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.settle()
      for name in ["one", "two", "three"] { try await scene.leave(name, [1]) }
      let stranger = try stage.start(
        .client,
        ["mailbox", "discard", "2", "--at", "post", "-n", "alice"]
          + Stage.Access(scene.alice, at: scene.kdc).arguments, home: scene.alice.home)
      try await stranger.expectExit(7)
      try await scene.asBob(["mailbox", "discard", "2"]).expectExit(0)
      try await mailbox.said("number 2 is collected by bob")
      for number in ["2", "0", "4"] {
        try await scene.asBob(["mailbox", "discard", number]).expectExit(7)
      }
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["one", "three"])
    }
  }
}
