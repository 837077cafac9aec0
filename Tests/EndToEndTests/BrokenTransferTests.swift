import Foundation
import Testing

extension EndToEnd {
  /// Transfers that do not come to their end: each side says so, and nothing half is kept.
  @Suite struct BrokenTransferTests {}
}

extension EndToEnd.BrokenTransferTests {
  /// A transfer in its middle: the receiver has some of the data, and the sender waits for more.
  private struct Half {
    let receiver: Program
    let sender: Program
    let folder: Folder

    init(_ stage: Stage) async throws {
      let kdc = try await stage.kdc()
      folder = try stage.folder.folder("received")
      receiver = try await stage.listening(
        stage.user("bob"), at: kdc, ["-o", folder.path("out")])
      sender = try stage.sender(
        stage.user("alice"), at: kdc, to: "bob", "-", input: .pipe)
      sender.write(randomBytes(3 << 20))
      try await receiver.said("alice")
    }
  }

  @Test(
    "The sender dies: the receiver says so, and there is no file", arguments: [SIGKILL, SIGINT])
  func senderDies(signal: Int32) async throws {
    try await Stage.with { stage in
      let half = try await Half(stage)
      half.sender.signal(signal)
      try await half.sender.expectExit(128 + signal)
      try await half.receiver.expectExit(8)
      #expect(half.folder.entries == [])
    }
  }

  @Test("The receiver dies: the sender says so", arguments: [SIGKILL, SIGTERM, SIGINT])
  func receiverDies(signal: Int32) async throws {
    try await Stage.with { stage in
      let half = try await Half(stage)
      half.receiver.signal(signal)
      try await half.receiver.expectExit(128 + signal)
      // The sender notices when it has something to send, or at the end.
      half.sender.write(randomBytes(3 << 20))
      half.sender.closeInput()
      try await half.sender.expectExit(8)
      #expect(half.folder.entries == [])
    }
  }

  @Test("A file that was there before a broken transfer is untouched")
  func keepsOldFile() async throws {
    try await Stage.with { stage in
      try stage.folder.folder("received").put([1, 2, 3], at: "out")
      let half = try await Half(stage)
      half.sender.signal(SIGKILL)
      try await half.receiver.expectExit(8)
      #expect(half.folder.bytes(of: "out") == [1, 2, 3])
      #expect(half.folder.entries == ["out"])
    }
  }

  @Test("The receiver's folder goes away: it cannot write, and the sender is told")
  func cannotWrite() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let folder = try stage.folder.folder("received")
      let receiver = try await stage.listening(
        try stage.user("bob"), at: kdc, ["-o", folder.path("out")])
      folder.remove()
      let file = try stage.folder.put(randomBytes(100), at: "in")
      let sender = try stage.sender(try stage.user("alice"), at: kdc, to: "bob", file)
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(receiver.errors.text.contains(folder.path))
    }
  }

  @Test("The receiver's disk is full: it cannot write, and the sender is told")
  func diskFull() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let receiver = try await stage.listening(
        try stage.user("bob"), at: kdc, ["-o", "/dev/full"])
      let file = try stage.folder.put(randomBytes(100_000), at: "in")
      let sender = try stage.sender(try stage.user("alice"), at: kdc, to: "bob", file)
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
    }
  }

  @Test("What reads the receiver's standard output goes away: the sender is told")
  func readerGone() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let receiver = try stage.receiver(
        bob, Stage.Access(bob, at: kdc), ["-o", "-"], outputGoesNowhere: true)
      try await receiver.said("listening on port")
      let file = try stage.folder.put(randomBytes(3 << 20), at: "in")
      let sender = try stage.sender(try stage.user("alice"), at: kdc, to: "bob", file)
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
    }
  }

  @Test("A file that cannot be read is told at once, and nobody is bothered")
  func cannotRead() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      for path in [stage.folder.path("missing"), stage.folder.path] {
        let sender = try stage.sender(alice, at: kdc, to: "bob", path)
        try await sender.expectExit(9)
        #expect(sender.errors.text.contains(path))
      }
      #expect(receiver.exitStatus == nil)
      #expect(!kdc.log.contains("alice"))
    }
  }

  @Test("No file name in -o, or a folder: told before anything is sent")
  func outputIsNoFile() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      for path in [stage.folder.path, stage.folder.path("missing/out")] {
        let receiver = try stage.receiver(bob, Stage.Access(bob, at: kdc), ["-o", path])
        try await receiver.expectExit(9)
        #expect(receiver.errors.text.contains(stage.folder.path))
      }
    }
  }
}
