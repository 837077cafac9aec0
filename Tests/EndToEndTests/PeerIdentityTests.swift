import Foundation
import Testing

extension EndToEnd {
  /// Peers know each other again, and tell a stranger of the same name.
  @Suite struct PeerIdentityTests {}
}

extension EndToEnd.PeerIdentityTests {
  /// The lines of a user's `known_peers`: realm, name, identity and time of each.
  private func peers(_ user: User) -> [[String]] {
    (user.home.text(of: "known_peers") ?? "").split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
  }

  /// Two who have met, and the identity of each as the other has pinned it.
  private func acquaint(
    _ alice: User, _ bob: User, _ stage: Stage, _ kdc: RunningKDC
  ) async throws -> (alice: String, bob: String) {
    try await stage.expectTransfer(from: alice, to: bob, at: kdc)
    return (try #require(peers(bob).first?[2]), try #require(peers(alice).first?[2]))
  }

  @Test("Each side pins the other at the first transfer, once")
  func pins() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let before = try await acquaint(alice, bob, stage, kdc)
      #expect(before.alice != before.bob)
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      try await stage.expectTransfer(from: bob, to: alice, at: kdc)
      #expect(peers(alice).map { $0[1] } == ["bob"])
      #expect(peers(bob).map { $0[1] } == ["alice"])
      #expect(peers(alice).map { $0[2] } == [before.bob])
      #expect(peers(bob).map { $0[2] } == [before.alice])
    }
  }

  @Test("The receiver's identity has changed: the sender is told and sends nothing")
  func receiverChanged() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let identity = try await acquaint(alice, bob, stage, kdc)
      let pinned = try #require(alice.home.text(of: "known_peers"))
      let other = pinned.replacingOccurrences(of: identity.bob, with: identity.alice)
      try alice.home.put(Array(other.utf8), at: "known_peers", mode: 0o600)

      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let before = receiver.errors.text
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let sender = try stage.sender(alice, at: kdc, to: "bob", file)
      try await sender.expectExit(10)
      #expect(sender.errors.text.contains("bob"))
      #expect(sender.errors.text.contains(alice.home.path("known_peers")))
      #expect(alice.home.text(of: "known_peers") == other)
      #expect(receiver.exitStatus == nil)
      #expect(receiver.errors.text == before)
      #expect(stage.folder.bytes(of: "out") == nil)

      // As the message says: with the line removed, they meet anew.
      try alice.home.put([], at: "known_peers", mode: 0o600)
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(alice.home.text(of: "known_peers")?.contains(identity.bob) == true)
    }
  }

  @Test("The sender's identity has changed: the receiver takes nothing and waits on")
  func senderChanged() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let identity = try await acquaint(alice, bob, stage, kdc)
      let pinned = try #require(bob.home.text(of: "known_peers"))
      let other = pinned.replacingOccurrences(of: identity.alice, with: identity.bob)
      try bob.home.put(Array(other.utf8), at: "known_peers", mode: 0o600)

      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([1, 2, 3], at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(6)
      #expect(receiver.exitStatus == nil)
      #expect(bob.home.text(of: "known_peers") == other)
      #expect(stage.folder.bytes(of: "out") == nil)

      // Somebody else is served all the same.
      try await stage.sender(try stage.user("carol"), at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
    }
  }

  @Test("A name that was made anew at the KDC is not the one who was known")
  func nameMadeAnew() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      _ = try await acquaint(alice, bob, stage, kdc)
      try await kdc.stop()
      // A KDC, or whoever holds its keys, forgets bob and lets somebody else have the name.
      let users = try #require(kdc.folder.text(of: "pwd.txt"))
      let lines = users.split(separator: "\n").filter { !$0.hasPrefix("name=bob ") }
      let kept = lines.map { $0 + "\n" }.joined()
      try kdc.folder.put(Array(kept.utf8), at: "pwd.txt", mode: 0o600)
      let restarted = try await stage.kdc(port: kdc.port)
      let impostor = try stage.user("bob", device: "impostor")
      let receiver = try await stage.listening(
        impostor, at: restarted, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([1, 2, 3], at: "in")
      try await stage.sender(alice, at: restarted, to: "bob", file).expectExit(10)
      #expect(receiver.exitStatus == nil)
      #expect(stage.folder.bytes(of: "out") == nil)
    }
  }
}
