import Foundation
import Testing

extension EndToEnd {
  /// `--retry`: interruptions that nobody has to do anything about.
  @Suite struct RetryTests {}
}

extension EndToEnd.RetryTests {
  private static let fileSize = 64 << 20

  /// Waits until some of a transfer has come into a folder.
  private func someOfIt(in folder: Folder) async throws {
    try await eventually("some of the file") {
      folder.allFiles.contains { path in
        path.contains("/tree/")
          && ((try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int ?? 0) > 1
            << 20
      } ? () : nil
    }
  }

  @Test("The sender goes on by itself when the receiver and the KDC have died and come again")
  func sender() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(Self.fileSize)
      let file = try stage.folder.put(content, at: "file")
      let received = try stage.folder.folder("received")
      let first = try await stage.receiving(bob, at: kdc, into: received)
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file, "--retry", "5"])
      try await someOfIt(in: received)
      kdc.program.signal(SIGKILL)
      first.signal(SIGKILL)
      _ = (try await kdc.program.exit(), try await first.exit())
      try await sender.said("Trying again.")
      let again = try await stage.kdc(port: kdc.port)
      let second = try await stage.receiving(bob, at: again, into: received)
      try await sender.expectExit(0)
      try await second.expectExit(0)
      #expect(received.bytes(of: "file") == content)
      #expect(received.entries == ["file"])
    }
  }

  @Test("The sender waits for a receiver, and for a KDC, that is not there yet")
  func notYet() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let file = try stage.folder.put([7], at: "file")
      try await kdc.stop()
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file, "--retry", "5"])
      try await sender.said("Trying again.")
      let again = try await stage.kdc(port: kdc.port)
      let receiver = try await stage.receiving(
        bob, at: again, into: try stage.folder.folder("received"))
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
    }
  }

  @Test("The receiver waits for a sender who has died, and takes the rest")
  func receiver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(Self.fileSize)
      let file = try stage.folder.put(content, at: "file")
      let received = try stage.folder.folder("received")
      let receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--retry", "5"])
      let first = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await someOfIt(in: received)
      first.signal(SIGKILL)
      _ = try await first.exit()
      try await receiver.said("Waiting for alice to go on.")
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(0)
      try await receiver.expectExit(0)
      #expect(received.bytes(of: "file") == content)
      #expect(received.entries == ["file"])
    }
  }

  @Test("What will not pass is not tried again")
  func lasting() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let file = try stage.folder.put([7], at: "file")
      let receiver = try await stage.receiving(
        bob, at: kdc, into: try stage.folder.folder("received"), ["--retry", "5"])
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file, "--retry", "5"])
      try await sender.expectExit(7)
      #expect(!sender.errors.text.contains("Trying again."))
      #expect(receiver.exitStatus == nil)
    }
  }
}
