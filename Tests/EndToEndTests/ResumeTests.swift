import Foundation
import Testing

extension EndToEnd {
  /// Transfers that are interrupted, and go on when the same commands are run again (HOSTILE H.27).
  @Suite struct ResumeTests {}
}

extension EndToEnd.ResumeTests {
  /// The partial folders in a folder.
  private func partials(_ folder: Folder) -> [String] {
    folder.entries.filter { $0.hasPrefix(".trent-") && $0.hasSuffix(".partial") }
  }

  /// How much of a transfer is there, in bytes.
  private func arrived(_ folder: Folder) -> Int {
    folder.allFiles.reduce(0) { total, path in
      guard path.contains("/tree/") else { return total }
      return total + ((try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int ?? 0)
    }
  }

  @Test("Either side is killed at any moment, twelve times, and in the end all is there")
  func killed() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let source = try stage.folder.folder("source")
      let tree = try source.folder("tree")
      let total = (64 << 20) + 20 * 100_000
      try tree.put(randomBytes(64 << 20), at: "big")
      for number in 0..<20 { try tree.put(randomBytes(100_000), at: "file \(number)") }
      let received = try stage.folder.folder("received")
      var before = 0
      for round in 1...12 {
        let receiver = try await stage.receiving(bob, at: kdc, into: received)
        let sender = try stage.sending(alice, at: kdc, to: "bob", [tree.path])
        // Some moment after some more has come, or none.
        let goal = before + Int.random(in: 0...(total / 10))
        try await eventually("\(goal) bytes in round \(round)") {
          let isOver = sender.exitStatus != nil || receiver.exitStatus != nil
          return arrived(received) >= goal || isOver ? () : nil
        }
        (Bool.random() ? receiver : sender).signal(SIGKILL)
        _ = (try await receiver.exit(), try await sender.exit())
        if received.entries.contains("tree") {
          #expect(try treeReport(received.folder("tree")) == treeReport(tree), "round \(round)")
          try FileManager.default.removeItem(atPath: received.path("tree"))
        }
        #expect(received.entries == partials(received), "names before all is whole: \(round)")
        #expect(partials(received).count <= 1)
        let now = arrived(received)
        #expect(now == 0 || now >= before, "something was lost in round \(round)")
        before = now
      }
      let receiver = try await stage.receiving(bob, at: kdc, into: received)
      let sender = try stage.sending(alice, at: kdc, to: "bob", [tree.path])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(try treeReport(received) == treeReport(source))
    }
  }

  /// Interrupts a transfer of `file` to `-o out` in the middle.
  private func interrupt(
    _ stage: Stage, _ alice: User, _ bob: User, at kdc: RunningKDC, _ file: String,
    into folder: Folder
  ) async throws {
    let receiver = try await stage.listening(bob, at: kdc, ["-o", folder.path("out")])
    let sender = try stage.sender(alice, at: kdc, to: "bob", file)
    try await eventually("some of the file") { arrived(folder) > 1 << 20 ? () : nil }
    sender.signal(SIGKILL)
    _ = try await sender.exit()
    try await receiver.expectExit(8)
    #expect(folder.bytes(of: "out") == nil)
    #expect(partials(folder).count == 1)
    #expect(receiver.errors.text.contains("kept"))
  }

  @Test("The classic form goes on, too, under the name that the receiver says")
  func classic() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let folder = try stage.folder.folder("received")
      let content = randomBytes(48 << 20)
      let file = try stage.folder.put(content, at: "in")
      try await interrupt(stage, alice, bob, at: kdc, file, into: folder)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", folder.path("out")])
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(folder.bytes(of: "out") == content)
      #expect(folder.entries == ["out"])
    }
  }

  @Test("A source that has changed starts again, whether or not its time tells")
  func changedSource() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let folder = try stage.folder.folder("received")
      let file = try stage.folder.put(randomBytes(48 << 20), at: "in")
      let time = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate]
      try await interrupt(stage, alice, bob, at: kdc, file, into: folder)
      let other = randomBytes(48 << 20)
      try stage.folder.put(other, at: "in")
      try FileManager.default.setAttributes(
        [.modificationDate: try #require(time)], ofItemAtPath: file)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", folder.path("out")])
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(folder.bytes(of: "out") == other)
    }
  }

  @Test("What one sender has begun another one does not go on with")
  func otherSender() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let folder = try stage.folder.folder("received")
      let file = try stage.folder.put(randomBytes(48 << 20), at: "in")
      try await interrupt(stage, alice, bob, at: kdc, file, into: folder)
      let mine = partials(folder)
      let before = arrived(folder)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", folder.path("out")])
      try await stage.sender(stage.user("carol"), at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(partials(folder) == mine)
      #expect(arrived(folder) == before)
    }
  }
}
