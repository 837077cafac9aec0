import Foundation
import Testing

extension EndToEnd {
  /// What the receiver's disk refuses: both sides end with the reason, what has come is kept, and
  /// nothing has its name that is not complete (HOSTILE E.21).
  @Suite struct DiskTests {}
}

extension EndToEnd.DiskTests {
  @Test("A full disk: both say so, and with more space the same commands go on", .needs(.disks))
  func full() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(in: stage, size: "2m")
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(5 << 20)
      let file = try stage.folder.put(content, at: "file")
      var receiver = try await stage.receiving(bob, at: kdc, into: disk.folder)
      var sender = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(sender.errors.text.contains("no space left"))
      #expect(receiver.errors.text.contains("No space left"))
      #expect(disk.folder.entries.count == 1 && disk.folder.entries[0].hasPrefix(".trent-"))

      disk.remount("size=20m")
      receiver = try await stage.receiving(bob, at: kdc, into: disk.folder)
      sender = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      for program in [sender, receiver] { #expect(program.errors.text.contains("resuming after")) }
      #expect(disk.folder.bytes(of: "file") == content)
      #expect(disk.folder.entries == ["file"])
    }
  }

  @Test("A disk that cannot be written to: told at once, or when it becomes so", .needs(.disks))
  func readOnly() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(in: stage, size: "2m")
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let file = try stage.folder.put([7], at: "file")
      let receiver = try await stage.receiving(bob, at: kdc, into: disk.folder)
      disk.remount("size=2m", flags: 1)
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(sender.errors.text.contains("read-only"))
      #expect(receiver.errors.text.contains("Read-only"))

      let late = try stage.start(
        .client,
        ["receive", "-d", disk.folder.path, "-n", "bob", "-l", "0", "--accept-all"]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home)
      try await late.expectExit(9)
      #expect(!late.errors.text.contains("listening"))
    }
  }

  @Test("A path that is too long for the receiver's system: both say so")
  func nameTooLong() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let source = try stage.folder.folder("source")
      // The longest path that a list may have is one byte longer than Linux takes.
      let top = String(repeating: "t", count: 16)
      let make =
        "cd \"$1\" && for n in \(top) $(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
        + "printf 'd%.0s' $(seq 254); echo; done); do mkdir $n && cd $n; done; "
        + "echo x >$(printf 'd%.0s' $(seq 254))"
      try shell(make, source.path)
      let received = try stage.folder.folder("received")
      let receiver = try await stage.receiving(bob, at: kdc, into: received)
      let sender = try stage.sending(alice, at: kdc, to: "bob", [source.path(top)])
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(sender.errors.text.contains("too long"))
      #expect(receiver.errors.text.contains("File name too long"))
      #expect(received.entries.allSatisfy { $0.hasPrefix(".trent-") })
      // What is so deep the harness does not remove.
      try shell("rm -rf \"$1\"", stage.folder.path)
    }
  }

  private func shell(_ command: String, _ argument: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", command, "bash", argument]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test("A file that may not grow further: both say so")
  func fileSizeLimit() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let received = try stage.folder.folder("received")
      let file = try stage.folder.put(randomBytes(5 << 20), at: "file")
      let receiver = try await stage.receiving(bob, at: kdc, into: received)
      try shell("prlimit --pid \"$1\" --fsize=1048576", "\(receiver.processID)")
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file])
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(sender.errors.text.contains("larger than the receiver accepts"))
      #expect(received.entries.allSatisfy { $0.hasPrefix(".trent-") })
    }
  }
}
