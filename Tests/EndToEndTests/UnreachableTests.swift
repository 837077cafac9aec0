import Foundation
import Testing

extension EndToEnd {
  /// A receiver whom nobody reaches is told so, and its senders what can be done.
  @Suite struct UnreachableTests {}
}

extension EndToEnd.UnreachableTests {
  @Test("A receiver that the KDC reaches is told nothing, and the KDC was asked")
  func reached() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      try await kdc.logged(" probed ")
      #expect(!receiver.errors.text.contains("may not get through"))
      // It serves all the same: the KDC's connection disturbed nothing.
      try await receiver.expectStill(bob, stage: stage, kdc: kdc)
    }
  }

  @Test("A sender who reaches nobody is told what can be done")
  func sender() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      receiver.signal(SIGKILL)
      _ = try await receiver.exit()
      let file = try stage.folder.put([1], at: "in")
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await sender.expectExit(6)
      for word in [
        "cannot be reached", "Tried 127.0.0.1", "forwarded", "client doctor", "--announce",
      ] {
        #expect(sender.errors.text.contains(word), "\(word)")
      }
    }
  }
}

extension Program {
  /// Takes a file from a newcomer.
  fileprivate func expectStill(_ user: User, stage: Stage, kdc: RunningKDC) async throws {
    let file = try stage.folder.put([7], at: "still")
    let carol = try stage.user("carol")
    try await stage.sending(carol, at: kdc, to: user.name, [file]).expectExit(0)
    try await expectExit(0)
  }
}
