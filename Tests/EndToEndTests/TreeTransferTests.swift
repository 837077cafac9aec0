import Foundation
import Testing

extension EndToEnd {
  /// Files, folders, streams and texts by `client send` and `client receive`.
  @Suite struct TreeTransferTests {}
}

extension EndToEnd.TreeTransferTests {
  /// Everything that a tree can have.
  private static func makeTree(in folder: Folder) throws {
    let tree = try folder.folder("tree")
    _ = try tree.folder("empty")
    _ = try tree.folder("sub/deep")
    try tree.put(randomBytes(700_001), at: "sub/deep/big")
    try tree.put([], at: "sub/nothing", mode: 0o600)
    try tree.put(Array("#!/bin/sh\n".utf8), at: "run", mode: 0o755)
    try tree.put([1], at: "Ünïcode ☃.txt")
    for (link, target) in [("link", "sub/deep/big"), ("sub/up", "../run"), ("sub/dir", "deep")] {
      try FileManager.default.createSymbolicLink(
        atPath: tree.path(link), withDestinationPath: target)
    }
    try folder.put(randomBytes(300_000), at: "beside.bin", mode: 0o640)
    for path in ["tree/run", "tree/sub/deep", "beside.bin"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_500_000_000.123)],
        ofItemAtPath: folder.path(path))
    }
  }

  @Test("Several files and a tree arrive as they are: links, modes and times, empty folders")
  func tree() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let source = try stage.folder.folder("source")
      try Self.makeTree(in: source)
      let received = try stage.folder.folder("received")
      let receiver = try await stage.receiving(try stage.user("bob"), at: kdc, into: received)
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob",
        [source.path("beside.bin"), source.path("tree") + "/"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      let expected = try treeReport(source)
      #expect(expected.count > 10)
      #expect(try treeReport(received) == expected)
    }
  }

  @Test("Set-uid bits, pipes, links that lead out and names that are not clean stay behind")
  func leftBehind() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let tree = try stage.folder.folder("tree")
      try tree.put([1], at: "suid")
      #expect(unsafe chmod(tree.path("suid"), 0o6755) == 0)
      #expect(unsafe mkfifo(tree.path("pipe"), 0o600) == 0)
      #expect(unsafe symlink("/etc/passwd", tree.path("absolute")) == 0)
      #expect(unsafe symlink("../secret", tree.path("outside")) == 0)
      try tree.put([2], at: "line\nbreak")
      try tree.put([3], at: "line_break")
      let received = try stage.folder.folder("received")
      let receiver = try await stage.receiving(try stage.user("bob"), at: kdc, into: received)
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob", [tree.path])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      let there = try received.folder("tree")
      #expect(there.entries == ["line_break", "line_break (2)", "suid"])
      #expect(try permissions(there.path("suid"), kind: S_IFREG) == 0o755)
      for name in ["pipe", "absolute", "outside", "line\\u{000A}break"] {
        #expect(sender.errors.text.contains(name))
      }
    }
  }

  @Test("A text is shown, and standard input arrives as a file")
  func textAndStream() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let received = try stage.folder.folder("received")
      var receiver = try await stage.receiving(bob, at: kdc, into: received)
      var sender = try stage.sending(alice, at: kdc, to: "bob", ["--text", "hello\n\u{1b}[2Jbob"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.output.text == "hello\n\\u{001B}[2Jbob\n")
      #expect(received.entries == [])

      receiver = try await stage.listening(bob, at: kdc, ["-o", "-"])
      sender = try stage.sending(alice, at: kdc, to: "bob", ["--text", "hello\n\u{1b}[2Jbob"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.output.text == "hello\n\u{1b}[2Jbob")

      receiver = try await stage.receiving(bob, at: kdc, into: received)
      sender = try stage.sending(alice, at: kdc, to: "bob", ["-"], input: .pipe)
      let content = randomBytes(500_000)
      sender.write(content)
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(received.bytes(of: "stdin") == content)
      #expect(received.entries == ["stdin"])
    }
  }

  @Test("A text cannot steer the terminal that it is shown on")
  func textAtATerminal() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let receiver = try stage.start(
        .client,
        ["receive", "-n", "bob", "-l", "0", "--accept-all"]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home, input: .terminal)
      try await receiver.shown("listening on port")
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob", ["--text", "one\n\u{1b}[2Jtwo"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.output.text.contains("\\u{001B}[2Jtwo"))
      // Our own bar is drawn over.
      #expect(!receiver.output.text.replacing("\r\u{1b}[K", with: "").contains("\u{1b}"))
    }
  }

  // MARK: Who decides

  @Test("Without a terminal and a rule nothing is accepted, and the sender is told")
  func declined() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let received = try stage.folder.folder("received")
      let file = try stage.folder.put(randomBytes(2000), at: "file")
      for (options, isAccepted) in [
        ([], false), (["--accept-from", "carol,dave"], false), (["--accept-from", "al"], false),
        (["--accept-all", "--max-size", "1999"], false),
        (["--accept-from", "carol,alice", "--max-size", "2K"], true),
      ] {
        let receiver = try await stage.receiving(bob, at: kdc, into: received, options)
        let sender = try stage.sending(alice, at: kdc, to: "bob", [file])
        try await sender.expectExit(isAccepted ? 0 : 7)
        if isAccepted {
          try await receiver.expectExit(0)
        } else {
          try await receiver.said("refused \"file\" (2000 bytes) from alice")
          #expect(receiver.exitStatus == nil)
          #expect(received.entries == [])
          receiver.signal(SIGTERM)
          try await receiver.expectExit(128 + SIGTERM)
        }
      }
      #expect(received.entries == ["file"])
    }
  }

  @Test("The person sees every name and size before anything is written", arguments: [true, false])
  func asked(agrees: Bool) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let tree = try stage.folder.folder("tree")
      try tree.put(randomBytes(123), at: "one")
      try tree.put(randomBytes(45), at: "two")
      let received = try stage.folder.folder("received")
      let receiver = try stage.start(
        .client,
        ["receive", "-d", received.path, "-n", "bob", "-l", "0"]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home, input: .terminal)
      try await receiver.shown("listening on port")
      let sender = try stage.sending(try stage.user("alice"), at: kdc, to: "bob", [tree.path])
      try await receiver.shown("Accept this from alice? [y/N]")
      for line in ["tree/", "tree/one (123 bytes)", "tree/two (45 bytes)", "total: 168 bytes"] {
        #expect(receiver.output.text.contains(line))
      }
      #expect(received.entries == [])
      receiver.type(agrees ? "y" : "n")
      try await sender.expectExit(agrees ? 0 : 7)
      if agrees { try await receiver.expectExit(0) }
      #expect(received.entries == (agrees ? ["tree"] : []))
    }
  }

  @Test("Names that are taken: refused, replaced or numbered, as the receiver says")
  func existing() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let received = try stage.folder.folder("received")
      try received.put([1], at: "file.txt")
      let file = try stage.folder.put([2], at: "file.txt")

      var receiver = try await stage.receiving(bob, at: kdc, into: received)
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(7)
      #expect(received.bytes(of: "file.txt") == [1])
      #expect(received.entries == ["file.txt"])
      receiver.signal(SIGTERM)
      _ = try await receiver.exit()

      receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--rename"])
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(0)
      try await receiver.expectExit(0)
      #expect(received.bytes(of: "file.txt") == [1])
      #expect(received.bytes(of: "file (2).txt") == [2])

      receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--overwrite"])
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(0)
      try await receiver.expectExit(0)
      #expect(received.bytes(of: "file.txt") == [2])
      #expect(received.entries == ["file (2).txt", "file.txt"])
    }
  }

  @Test("A receiver of one file takes no tree, and goes on waiting for one")
  func oneFileOnly() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let tree = try stage.folder.folder("tree")
      let file = try tree.put([7], at: "file")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      for words in [[tree.path], [file, stage.folder.path("bob.passphrase")]] {
        try await stage.sending(alice, at: kdc, to: "bob", words).expectExit(7)
      }
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == [7])
    }
  }
}
