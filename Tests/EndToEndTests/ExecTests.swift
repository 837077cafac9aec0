import Foundation
import Testing

extension EndToEnd {
  /// A program of the receiver's takes what comes: `client receive --exec`.
  @Suite struct ExecTests {}
}

extension EndToEnd.ExecTests {
  /// A receiver whose command finds its files by `$OUT`.
  private func serving(
    _ stage: Stage, at kdc: RunningKDC, _ command: String, environment: [String: String] = [:]
  ) async throws -> (receiver: Program, out: Folder) {
    let bob = try stage.user("bob")
    let out = try stage.folder.folder("out")
    let receiver = try stage.start(
      .client,
      ["receive", "-n", "bob", "-l", "0", "--accept-from", "alice", "--exec", command]
        + Stage.Access(bob, at: kdc).arguments, home: bob.home,
      environment: environment.merging(["OUT": out.path]) { $1 })
    try await receiver.said("listening on port")
    return (receiver, out)
  }

  /// The process whose number a program has written to a file.
  private func process(_ name: String, in out: Folder) async throws -> pid_t {
    try await eventually("the program's number") {
      guard let text = out.text(of: name), text.hasSuffix("\n") else { return nil }
      return pid_t(text.dropLast())
    }
  }

  private func isAlive(_ process: pid_t) -> Bool { kill(process, 0) == 0 }

  @Test("A file goes to a program, which learns who sends what; no name is part of a command")
  func file() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc, "cat > \"$OUT/content\"; env > \"$OUT/env\"; echo said",
        environment: ["TRENT_SENDER": "mallory", "KEPT": "yes", "TRENT_SIZE": "1"])
      let content = randomBytes(3_000_000)
      let name = "-n $(touch \(out.path("owned"))) `x`; 'y' \"z\" *"
        .replacingOccurrences(of: "/", with: "")
      let file = try stage.folder.put(content, at: name)
      let sender = try stage.sending(try stage.user("alice"), at: kdc, to: "bob", [file])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(out.bytes(of: "content") == content)
      let lines = try #require(out.text(of: "env")).split(separator: "\n").map(String.init)
      for line in [
        "TRENT_SENDER=alice", "TRENT_FILE_NAME=\(name)", "TRENT_SIZE=3000000", "TRENT_KIND=file",
        "KEPT=yes",
      ] {
        #expect(lines.contains(line), "\(line) in \(lines)")
      }
      #expect(lines.count { $0.hasPrefix("TRENT_SENDER=") || $0.hasPrefix("TRENT_SIZE=") } == 2)
      #expect(out.entries == ["content", "env"])
      #expect(receiver.output.text == "said\n")
    }
  }

  @Test("A stream is a pipe between two names: what goes in comes out before the end")
  func pipe() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc,
        "echo \"$TRENT_KIND:$TRENT_SIZE.\" > \"$OUT/kind\"; exec cat > \"$OUT/live\"")
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob", ["-i", "-"], input: .pipe)
      // Chunks travel when they are full and another byte has come.
      let content = randomBytes(3 << 20)
      sender.write(content)
      try await eventually("a part of the stream", report: receiver.report) {
        (out.bytes(of: "live") ?? []).count >= 1 << 20 ? () : nil
      }
      #expect(sender.exitStatus == nil)
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(out.bytes(of: "live") == content)
      #expect(out.text(of: "kind") == "stream:.\n")
    }
  }

  @Test("With --json standard output has events alone, and the program's words are elsewhere")
  func events() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let receiver = try stage.start(
        .client,
        ["receive", "-n", "bob", "-l", "0", "--accept-all", "--exec", "cat; echo", "--json"]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home)
      try await receiver.said("listening on port")
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob", ["--text", "some words"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(receiver.errors.lines.contains("some words"))
      let lines = receiver.output.lines
      #expect(lines.count >= 3 && lines.allSatisfy { $0.hasPrefix("{\"event\":") })
    }
  }

  @Test("A text goes to the program, too; a tree or several files do not")
  func contents() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc, "cat > \"$OUT/text\"; echo $TRENT_KIND > \"$OUT/kind\"")
      let alice = try stage.user("alice")
      let tree = try stage.folder.folder("tree")
      let file = try tree.put([1], at: "one")
      let refused = try stage.sending(alice, at: kdc, to: "bob", [tree.path])
      try await refused.expectExit(7)
      let other = try stage.folder.put([2], at: "two")
      try await stage.sending(alice, at: kdc, to: "bob", [file, other]).expectExit(7)
      #expect(out.entries == [])
      try await stage.sending(alice, at: kdc, to: "bob", ["--text", "hello"]).expectExit(0)
      try await receiver.expectExit(0)
      #expect(out.text(of: "text") == "hello")
      #expect(out.text(of: "kind") == "text\n")
    }
  }

  @Test(
    "The exit status of the program reaches the sender",
    arguments: [
      ("cat > /dev/null; exit 3", 3), ("cat > /dev/null; kill -9 $$", 137),
      ("cat > /dev/null; no-such-program-anywhere", 127), ("exec /no/such/program", 127),
    ])
  func exitStatus(command: String, status: Int) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, _) = try await serving(stage, at: kdc, command)
      // More than a pipe holds.
      let file = try stage.folder.put(randomBytes(2 << 20), at: "file")
      let sender = try stage.sending(try stage.user("alice"), at: kdc, to: "bob", [file])
      try await sender.expectExit(11)
      #expect(sender.errors.text.contains("ended with exit status \(status)."))
      try await receiver.expectExit(11)
      let word = status == 137 ? "was ended by signal 9" : "ended with exit status \(status)"
      #expect(receiver.errors.text.contains(word))
    }
  }

  @Test("A program that stops reading has not taken it, whatever it ends with")
  func stopsReading() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc, "head -c 10 > \"$OUT/head\"")
      let file = try stage.folder.put(randomBytes(8 << 20), at: "file")
      let sender = try stage.sending(try stage.user("alice"), at: kdc, to: "bob", [file])
      try await sender.expectExit(11)
      #expect(sender.errors.text.contains("did not take all of it"))
      #expect(sender.errors.text.contains("exit status 0"))
      try await receiver.expectExit(11)
      #expect(receiver.errors.text.contains("stopped reading"))
      #expect(out.bytes(of: "head")?.count == 10)
    }
  }

  @Test("A program that never ends is ended with the receiver")
  func neverEnds() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc,
        "echo $$ > \"$OUT/first\"; cat > /dev/null; sleep 1000 & "
          + "echo $! > \"$OUT/second\"; wait")
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let sender = try stage.sending(try stage.user("alice"), at: kdc, to: "bob", [file])
      let processes = [try await process("first", in: out), try await process("second", in: out)]
      #expect(processes.allSatisfy(isAlive))
      #expect(sender.exitStatus == nil)
      receiver.signal(SIGTERM)
      try await receiver.expectExit(128 + SIGTERM)
      try await sender.expectExit(8)
      try await eventually("the end of both processes") {
        processes.contains(where: isAlive) ? nil : ()
      }
    }
  }

  @Test("A program never takes what was cut off for the whole, whatever it does about signals")
  func cutOff() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, out) = try await serving(
        stage, at: kdc,
        "trap '' TERM; echo $$ > \"$OUT/first\"; cat > \"$OUT/part\"; touch \"$OUT/whole\"")
      let sender = try stage.sending(
        try stage.user("alice"), at: kdc, to: "bob", ["-"], input: .pipe)
      sender.write(randomBytes(3 << 20))
      let shell = try await process("first", in: out)
      try await eventually("a part of the stream") {
        (out.bytes(of: "part") ?? []).count >= 1 << 20 ? () : nil
      }
      sender.signal(SIGKILL)
      try await receiver.expectExit(8)
      #expect(!isAlive(shell))
      #expect(out.entries == ["first", "part"])
    }
  }

  @Test("Only the three standard descriptors are passed on, and no ignored signal")
  func descriptors() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (receiver, _) = try await serving(
        stage, at: kdc, "cat > /dev/null; grep SigIgn /proc/self/status; exec ls /proc/self/fd")
      let file = try stage.folder.put([1], at: "file")
      try await stage.sending(try stage.user("alice"), at: kdc, to: "bob", [file]).expectExit(0)
      try await receiver.expectExit(0)
      let lines = receiver.output.lines
      let ignored = lines.first?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
      // The C library's own two are beyond anybody's reach.
      #expect(ignored.map { $0 & 0x7fff_ffff } == 0)
      // The last one is the folder that is listed.
      #expect(lines.dropFirst() == ["0", "1", "2", "3"])
    }
  }
}
