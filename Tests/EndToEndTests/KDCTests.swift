import Foundation
import Testing

extension EndToEnd {
  /// The `kdc` program by itself.
  @Suite struct KDCTests {}
}

extension EndToEnd.KDCTests {
  @Test("The first line is the port, the second the identity, and nothing follows")
  func firstLines() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      #expect(kdc.port != 0)
      #expect(kdc.word.hasPrefix("trent1"))
      #expect(kdc.word.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) })
      try await kdc.stop()
      #expect(kdc.program.output.lines.count == 2)
    }
  }

  @Test("An absent user file is made, and said; kdc.key is for the operator alone")
  func absentUserFile() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      try await kdc.program.said("made \(kdc.folder.path("pwd.txt"))")
      try await kdc.program.said("made \(kdc.folder.path("kdc.key"))")
      for name in ["kdc.key", "pwd.txt"] {
        #expect(try permissions(kdc.folder.path(name), kind: S_IFREG) == 0o600)
      }
    }
  }

  @Test("An empty user file will do, and the identity outlives a restart")
  func emptyUserFile() async throws {
    try await Stage.with { stage in
      try stage.folder.folder("kdc").put([], at: "pwd.txt", mode: 0o600)
      let first = try await stage.kdc()
      try await first.stop()
      #expect(!first.program.errors.text.contains("made \(first.folder.path("pwd.txt"))"))
      let second = try await stage.kdc()
      #expect(first.word == second.word)
      #expect(!second.program.errors.text.contains("made"))
    }
  }

  @Test("SIGINT and SIGTERM end it cleanly", arguments: [SIGINT, SIGTERM])
  func ends(signal: Int32) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      kdc.program.signal(signal)
      try await kdc.program.expectExit(0)
    }
  }

  @Test("A datagram that does not verify leaves no line: its source may be forged")
  func unverifiedDatagramsAreNotLogged() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let datagrams = try ClientSocket(kdc.port, isDatagram: true)
      for _ in 0..<20 { datagrams.send([0xff]) }
      try ClientSocket(kdc.port).send([0, 1, 0xff])
      try await kdc.logged("refused", "malformed")
      // Its key request is a datagram behind those.
      try await stage.expectTransfer(from: stage.user("alice"), to: stage.user("bob"), at: kdc)
      try await kdc.stop()
      #expect(kdc.log.split(separator: "\n").count { $0.contains("malformed") } == 1)
    }
  }

  @Test("A log that nobody reads holds up nobody, nor the end of the KDC")
  func stalledLog() async throws {
    try await Stage.with { stage in
      let pipe = stage.folder.path("pipe")
      try #require(unsafe mkfifo(pipe, 0o600) == 0)
      // Open, so that the KDC starts, and never read.
      let reader = unsafe open(pipe, O_RDWR | O_CLOEXEC)
      try #require(reader >= 0)
      defer { close(reader) }
      let program = try stage.start(
        .kdc, ["-p", "0", "-f", stage.folder.path("pwd.txt"), "-o", pipe])
      let kdc = try await RunningKDC(program, folder: stage.folder, logName: "pipe")
      // Each is refused with a line of some 80 bytes; a pipe holds 64 KiB.
      for _ in 0..<4 {
        let socket = try ClientSocket(kdc.port)
        for _ in 0..<400 { socket.send([0, 1, 0xff]) }
      }
      try await stage.expectTransfer(from: stage.user("alice"), to: stage.user("bob"), at: kdc)
      try await kdc.stop()
    }
  }

  @Test("Users of a lost kdc.key: the KDC names the matter and leaves no new key in its place")
  func lostKeyFile() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      try await kdc.stop()
      try FileManager.default.removeItem(atPath: kdc.folder.path("kdc.key"))
      let again = try stage.start(.kdc, ["-p", "0", "-f", kdc.folder.path("pwd.txt")])
      try await again.expectExit(1)
      #expect(again.errors.text.contains("belongs to another kdc.key"))
      #expect(kdc.folder.bytes(of: "kdc.key") == nil)
    }
  }

  @Test("A second KDC on the same user file is refused, and the first goes on")
  func sameFileTwice() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let second = try stage.start(.kdc, ["-p", "0", "-f", kdc.folder.path("pwd.txt")])
      try await second.expectExit(1)
      #expect(second.output.text.isEmpty)
      #expect(second.errors.text.contains("another"))
      try await stage.expectTransfer(from: stage.user("alice"), to: stage.user("bob"), at: kdc)
    }
  }

  @Test("An address that is not this machine's, or a port in use, is refused by name")
  func cannotBind() async throws {
    try await Stage.with { stage in
      for address in ["192.0.2.1", "not an address"] {
        let kdc = try stage.start(
          .kdc, ["-p", "0", "-f", stage.folder.path("pwd.txt"), "-a", address])
        try await kdc.expectExit(1)
        #expect(kdc.output.text.isEmpty)
        #expect(kdc.errors.text.contains(address))
      }
      let first = try await stage.kdc()
      let second = try stage.start(
        .kdc, ["-p", "\(first.port)", "-f", stage.folder.path("pwd.txt")])
      try await second.expectExit(1)
      #expect(second.errors.text.contains("Port \(first.port) is in use"))
    }
  }

  @Test("-a 127.0.0.1 listens there and nowhere else")
  func bindsOneAddress() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["-a", "127.0.0.1"])
      #expect(throws: Never.self) { try ClientSocket(kdc.port) }
      #expect(throws: TestProblem.self) { try ClientSocket(kdc.port, lastByte: 2) }
      try await stage.expectTransfer(from: stage.user("alice"), to: stage.user("bob"), at: kdc)
    }
  }

  @Test("-a ::1 serves IPv6 alone", .enabled(if: hasIPv6))
  func bindsIPv6() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["-a", "::1"])
      #expect(throws: TestProblem.self) { try ClientSocket(kdc.port) }
      let alice = try stage.user("alice")
      var access = Stage.Access(alice, at: kdc)
      access.host = "::1"
      try await stage.sender(alice, access, to: "nobody", "/dev/null").expectExit(6)
      try await kdc.logged(" registered name=alice from=[::1]:")
    }
  }

  @Test("The log tells who did what, for whom and from where, and no passphrase")
  func log() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      for name in ["alice", "bob"] {
        try await kdc.logged(" registered name=\(name) from=127.0.0.1:")
        try await kdc.logged(" logged-in name=\(name) from=127.0.0.1:")
      }
      try await kdc.logged(" announced name=bob from=127.0.0.1:")
      let issued = try await kdc.logged(" key-issued ", " name=alice for=bob from=127.0.0.1:")
      #expect(issued.firstMatch(of: #/purpose=session ticket=[0-9a-f]{16} /#) != nil)

      var access = Stage.Access(alice, at: kdc)
      access.options = ["--passphrase-file", bob.passphraseFile]
      try await stage.sender(alice, access, to: "bob", "/dev/null").expectExit(5)
      try await kdc.logged(" refused name=alice from=127.0.0.1:", "reason=\"wrong proof\"")

      let log = kdc.log
      for line in log.split(separator: "\n") {
        #expect(line.firstMatch(of: #/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z-]+ /#) != nil)
      }
      for user in [alice, bob] { #expect(!log.contains(user.passphrase)) }
    }
  }

  @Test(
    "Wrong usage ends with 64",
    arguments: [
      [], ["-p", "0"], ["-f", "pwd.txt"], ["-p", "65536", "-f", "pwd.txt"],
      ["-p", "-1", "-f", "pwd.txt"], ["-p", "x", "-f", "pwd.txt"], ["-p", "0", "-f", ""],
      ["-p", "0", "-f", "pwd.txt", "-o", ""], ["-p", "0", "-f", "pwd.txt", "--nonsense"],
      ["-p", "0", "-f", "pwd.txt", "more"],
    ])
  func usage(arguments: [String]) async throws {
    try await Stage.with { stage in
      let kdc = try stage.start(.kdc, arguments)
      try await kdc.expectExit(64)
      #expect(kdc.output.text.isEmpty)
      #expect(kdc.errors.text.contains("-p, --port") || kdc.errors.text.contains("Usage: kdc"))
    }
  }
}
