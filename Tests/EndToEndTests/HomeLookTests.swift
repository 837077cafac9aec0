import Foundation
import Testing

extension EndToEnd {
  /// Who receives looks first what waits with the home mailbox.
  @Suite struct HomeLookTests {}
}

extension EndToEnd.HomeLookTests {
  @Test("client receive looks first: once that is it, with --keep it goes on receiving")
  func receiveLooksFirst() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.settle()
      try await scene.leave("one", [1])
      let once = try scene.asBob(
        ["receive", "-d", scene.received.path, "-l", "0", "--accept-all"])
      try await once.expectExit(0)
      #expect(scene.received.entries == ["one"] && !once.errors.text.contains("listening"))

      try await scene.leave("two", [2])
      let staying = try scene.asBob(
        ["receive", "--keep", "-d", scene.received.path, "-l", "0", "--accept-all"])
      try await staying.said("received \"two\"")
      let sending = try stage.sending(
        scene.alice, at: scene.kdc, to: "bob", [stage.folder.put([3], at: "three")])
      try await sending.expectExit(0)
      staying.signal(SIGTERM)
      try await staying.expectExit(0)
      #expect(scene.received.entries == ["one", "three", "two"])

      // A mailbox that is away keeps nobody from receiving.
      mailbox.signal(SIGKILL)
      _ = try await mailbox.exit()
      let receiving = try scene.asBob(
        ["receive", "-d", scene.received.path, "-l", "0", "--accept-all"])
      try await receiving.said("listening on port")
      let direct = try stage.sending(
        scene.alice, at: scene.kdc, to: "bob", [stage.folder.put([4], at: "four")])
      try await direct.expectExit(0)
      try await receiving.expectExit(0)
      #expect(receiving.errors.text.contains("post cannot be reached"))
    }
  }

  @Test("A mailbox that goes away meanwhile: who has received something by then is done")
  func receivedBefore() async throws {
    try await Stage.with { stage in
      let scene = try await FetchScene(stage)
      let mailbox = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.settle()
      try await scene.leave("one", [1])
      try await scene.leave("large", randomBytes(64 << 20))
      let once = try scene.asBob(
        ["receive", "-d", scene.received.path, "-l", "0", "--accept-all"])
      try await eventually("some of the file", report: once.report) {
        scene.arrived() > 1 << 20 ? () : nil
      }
      mailbox.signal(SIGKILL)
      try await once.expectExit(0)
      #expect(once.errors.text.contains("The session with post broke off."))
      #expect(!once.errors.text.contains("listening"))
      #expect(scene.received.bytes(of: "one") == [1])
      #expect(scene.received.bytes(of: "large") == nil)
    }
  }
}
