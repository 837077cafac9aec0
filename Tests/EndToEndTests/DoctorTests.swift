import Foundation
import Testing

extension EndToEnd {
  /// `client doctor`: each thing that can be wrong, with the real programs.
  @Suite struct DoctorTests {}
}

extension EndToEnd.DoctorTests {
  /// What one run has found.
  private struct CheckUp {
    let code: Int32
    let text: String

    /// The lines of one state about a subject, each with its advice.
    func findings(_ state: String, _ subject: String) -> [String] {
      text.replacingOccurrences(of: "\n         -> ", with: " -> ").split(separator: "\n")
        .map(String.init)
        .filter { $0.hasPrefix(state + " ") && $0.dropFirst(9).hasPrefix(subject) }
    }

    func has(_ state: String, _ subject: String, _ words: String...) -> Bool {
      findings(state, subject).contains { line in words.allSatisfy { line.contains($0) } }
    }

    var problems: Int { text.split(separator: "\n").filter { $0.hasPrefix("problem ") }.count }
  }

  private func checkUp(
    _ stage: Stage, _ user: User, _ arguments: [String] = [], environment: [String: String] = [:]
  ) async throws -> CheckUp {
    let program = try stage.start(
      .client, ["doctor"] + arguments, home: user.home, environment: environment)
    let code = try await program.exit(within: .seconds(60))
    #expect(program.errors.text.isEmpty == (code == 0))
    return CheckUp(code: code, text: program.output.text)
  }

  /// Somebody who is logged in.
  private func patient(_ stage: Stage, at kdc: RunningKDC, port: UInt16? = nil) async throws -> User
  {
    let alice = try stage.user("alice")
    var access = Stage.Access(alice, at: kdc)
    access.port = port ?? kdc.port
    try await stage.start(
      .client, ["login", "-n", "alice"] + access.arguments, home: alice.home
    ).expectExit(0)
    return alice
  }

  /// A port of this machine that nobody listens on.
  private func freePort() throws -> UInt16 { try ServerSocket().port }

  /// Every file of a device with its content, time and mode.
  private func snapshot(_ user: User) throws -> [String] {
    try user.home.allFiles.sorted().map { path in
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      let content = FileManager.default.contents(atPath: path)?.base64EncodedString() ?? ""
      return "\(path) \(attributes[.modificationDate] ?? "") \(content)"
    }
  }

  @Test("All is well: every check says so, nothing is asked, and nothing changes")
  func healthy() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let before = try snapshot(alice)
      let port = try freePort()
      let found = try await checkUp(stage, alice, ["-l", "\(port)"])
      #expect(found.code == 0, "\(found.text)")
      #expect(found.has("ok", "files"))
      #expect(found.has("ok", "identity keys", "alice at 127.0.0.1:\(kdc.port)"))
      #expect(found.has("ok", "KDC 127.0.0.1:\(kdc.port)", "by TCP", kdc.word))
      #expect(found.has("ok", "KDC 127.0.0.1:\(kdc.port)", "by UDP"))
      #expect(found.has("ok", "login", "alice is logged in"))
      #expect(found.has("ok", "port \(port)", "the KDC reaches this machine at 127.0.0.1"))
      #expect(found.has("ok", "clock", "ahead of") || found.has("ok", "clock", "behind"))
      #expect(try snapshot(alice) == before)
      try await kdc.logged("probed", "port=\(port)", "reached=yes", "name=alice")
      #expect(!found.text.contains(alice.passphrase))
    }
  }

  @Test("An identity that was replaced is no problem: doctor says so, and moves no pin")
  func replacedIdentity() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let rotation = try stage.start(.kdc, ["rotate-identity", "-f", kdc.folder.path("pwd.txt")])
      try await rotation.expectExit(0)
      let word = try #require(rotation.output.lines.first { $0.hasPrefix("trent1") })
      let before = try snapshot(alice)
      let port = try freePort()
      let found = try await checkUp(stage, alice, ["-l", "\(port)"])
      #expect(found.problems == 0, "\(found.text)")
      #expect(found.text.contains(word), "\(found.text)")
      #expect(try snapshot(alice) == before)
      // The next contact follows, and then nothing is left to say.
      try await stage.start(
        .client,
        ["login", "-n", "alice"]
          + Stage.Access(port: kdc.port, ["--passphrase-file", alice.passphraseFile]).arguments,
        home: alice.home
      ).expectExit(0)
      let after = try await checkUp(stage, alice, ["-l", "\(port)"])
      #expect(
        after.code == 0 && after.has("ok", "KDC 127.0.0.1:\(kdc.port)", "by TCP", word),
        "\(after.text)")
    }
  }

  @Test("A running receiver is not disturbed: a line with --verbose, none without, and it receives")
  func receiver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let bob = try stage.user("bob")
      for extra in [[], ["--verbose"]] {
        let receiver = try await stage.listening(
          bob, at: kdc, ["-o", stage.folder.path("out")] + extra)
        let line = try await receiver.said("listening on port")
        let port = try #require(line.split(separator: " ").compactMap { UInt16($0) }.first)
        let said = receiver.errors.text
        let found = try await checkUp(stage, alice, ["-l", "\(port)"])
        #expect(found.code == 0, "\(found.text)")
        #expect(found.has("ok", "port \(port)", "a program listens there", "the KDC reaches"))
        if extra.isEmpty {
          #expect(receiver.errors.text == said)
        } else {
          try await receiver.said("a connection from 127.0.0.1")
        }
        let file = try stage.folder.put([1, 2, 3], at: "in")
        try await stage.sender(alice, Stage.Access(port: kdc.port, []), to: "bob", file)
          .expectExit(0)
        try await receiver.expectExit(0)
      }
    }
  }

  @Test("The KDC is down, or its host has no address")
  func unreachable() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      try await kdc.stop()
      let found = try await checkUp(stage, alice)
      #expect(found.code == 1)
      #expect(found.has("problem", "KDC 127.0.0.1:\(kdc.port)", "refused", "Check -a and -p"))
      let nowhere = try await checkUp(stage, alice, ["-a", "kdc.invalid", "-p", "7"])
      #expect(nowhere.code == 1)
      #expect(nowhere.has("problem", "KDC kdc.invalid:7", "cannot be resolved"))
    }
  }

  @Test("What answers is no KDC")
  func noKDC() async throws {
    try await Stage.with { stage in
      let alice = try stage.user("alice")
      let other = try ServerSocket()
      Thread.detachNewThread {
        let accepted = accept(other.descriptor, nil, nil)
        guard accepted >= 0 else { return }
        ClientSocket(adopting: accepted).send([0, 3, 1, 2, 3])
      }
      let found = try await checkUp(stage, alice, ["-a", "127.0.0.1", "-p", "\(other.port)"])
      #expect(found.code == 1)
      #expect(found.has("problem", "KDC 127.0.0.1:\(other.port)", "is no KDC"))
    }
  }

  @Test("Another KDC at the address of the pinned one; a new one is told and not pinned")
  func identity() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      try await kdc.stop()
      let impostor = try await stage.kdc(port: kdc.port, folder: "impostor")
      let found = try await checkUp(stage, alice)
      #expect(found.code == 1)
      #expect(
        found.has("problem", "KDC", "HAS CHANGED", kdc.word, impostor.word, "remove line 1 of"))
      // Not asked anything under the login.
      #expect(found.findings("ok", "login").isEmpty && !impostor.log.contains("alice"))

      let other = try stage.user("other")
      let place = ["-a", "127.0.0.1", "-p", "\(impostor.port)"]
      let new = try await checkUp(stage, other, place)
      #expect(new.code == 0)
      #expect(new.has("warning", "KDC", "is new here", impostor.word, "--kdc-key"))
      #expect(!FileManager.default.fileExists(atPath: other.home.path))
      let wrong = try await checkUp(stage, other, place + ["--kdc-key", kdc.word])
      #expect(wrong.code == 1)
      #expect(wrong.has("problem", "KDC", "not the one that --kdc-key names"))
    }
  }

  @Test(
    "A clock that is off",
    arguments: [(600, "warning", "ahead of"), (-200_000, "problem", "behind")])
  func clock(seconds: Int, state: String, direction: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let environment = try WrongClock(seconds: seconds, in: stage.folder).environment
      let found = try await checkUp(
        stage, alice, ["-l", "\(try freePort())"], environment: environment)
      #expect(found.code == (state == "problem" ? 1 : 0), "\(found.text)")
      #expect(found.has(state, "clock", "clock is ", direction, "set it"))
      let told = found.findings(state, "clock").first?.split(separator: " ")
        .compactMap { Int($0) }.first
      #expect(abs((told ?? 0) - abs(seconds)) <= 5)

      // With no word of the KDC's clock in mind, its key is judged by the wrong clock, and the
      // login still tells the time.
      try FileManager.default.removeItem(atPath: alice.home.path("clocks"))
      let first = try await checkUp(
        stage, alice, ["-l", "\(try freePort())"], environment: environment)
      #expect(first.has(state, "clock", direction))
      #expect(first.has("problem", "KDC", "its key is good from") == (state == "problem"))
    }
  }

  @Test("A login that the KDC has ended, one that is damaged, and none at all")
  func login() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let file = try #require(
        alice.home.allFiles.first { $0.contains("/credentials/") && $0.hasSuffix("/alice") })
      let good = try #require(FileManager.default.contents(atPath: file))
      // Another word than the file's: the operator has disabled the user.
      try await kdc.stop()
      let users = try #require(kdc.folder.text(of: "pwd.txt"))
      try kdc.folder.put(
        Array(users.replacingOccurrences(of: "state=active", with: "state=disabled").utf8),
        at: "pwd.txt", mode: 0o600)
      let again = try await stage.kdc(port: kdc.port)
      let ended = try await checkUp(stage, alice)
      #expect(ended.code == 1, "\(ended.text)")
      #expect(ended.has("problem", "login", "alice", "client login -n alice -a 127.0.0.1"))
      #expect(try #require(FileManager.default.contents(atPath: file)) == good)

      try Data(good.dropLast()).write(to: URL(filePath: file))
      let damaged = try await checkUp(stage, alice)
      #expect(damaged.code == 1)
      #expect(damaged.has("problem", "login", "is damaged"))
      #expect(FileManager.default.fileExists(atPath: file))

      try await stage.start(.client, ["logout"], home: alice.home).expectExit(0)
      let none = try await checkUp(stage, alice)
      #expect(none.code == 0)
      #expect(none.has("warning", "login", "neither UDP nor the listening port", "client login"))
      #expect(none.has("ok", "clock"))
      try await again.stop()
    }
  }

  @Test("UDP does not get through")
  func datagramsBlocked() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let streams = try StreamForwarder(to: kdc.port)
      let swallower = try ServerSocket(streams.port, isDatagram: true)
      let alice = try await patient(stage, at: kdc, port: streams.port)
      let found = try await checkUp(stage, alice, ["-l", "\(try freePort())"])
      #expect(found.code == 0, "\(found.text)")
      #expect(found.has("warning", "KDC", "not by UDP", "let UDP port \(streams.port) through"))
      #expect(found.has("ok", "login", "alice is logged in"))
      #expect(swallower.hasInput)
    }
  }

  /// The KDC sees the client at another address of this machine, where nobody listens.
  @Test("A port that the KDC does not reach")
  func port() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let nat = try StreamForwarder(to: kdc.port, fromLastByte: 2)
      let alice = try await patient(stage, at: kdc, port: nat.port)
      let port = try await listeningAlone { port in
        let found = try await checkUp(stage, alice, ["-l", "\(port)"])
        #expect(found.code == 1, "\(found.text)")
        #expect(found.has("problem", "port \(port)", "does not reach", "127.0.0.2"))
        #expect(found.has("problem", "port \(port)", "a program listens there", "let TCP port"))
      }
      try await kdc.logged("probed", "port=\(port)", "reached=no")
    }
  }

  /// A program that listens at 127.0.0.1 alone.
  private func listeningAlone(_ test: (UInt16) async throws -> Void) async throws -> UInt16 {
    let listener = try ServerSocket()
    try await test(listener.port)
    return listener.port
  }

  @Test("Loose modes, damaged pins: following the advice makes it green")
  func advice() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      let port = try freePort()
      let home = alice.home.path
      let arguments = ["-l", "\(port)", "--passphrase-file", alice.passphraseFile]
      for path in ["", "/credentials", "/identities"] { unsafe chmod(home + path, 0o777) }
      for path in alice.home.allFiles { unsafe chmod(path, 0o666) }
      unsafe chmod(alice.passphraseFile, 0o644)
      let pins = try #require(alice.home.text(of: "known_kdcs"))
      try alice.home.put(Array(("garbage\n" + pins).utf8), at: "known_kdcs", mode: 0o600)
      try alice.home.put(Array("\u{1B}]0;x\u{7}\n".utf8), at: "known_peers", mode: 0o600)
      let found = try await checkUp(stage, alice, arguments)
      #expect(found.code == 1)
      #expect(found.has("problem", "files", "others may change \(home),", "chmod 700 \(home)"))
      #expect(found.has("problem", "file \(alice.passphraseFile)", "chmod 600"))
      #expect(found.has("problem", "pins", "line 1 of \(home)/known_kdcs", "sed -i -e 1d"))
      #expect(found.has("problem", "pins", "line 1 of \(home)/known_peers"))
      #expect(!found.text.contains("\u{1B}"))

      let commands = found.text.split(separator: "\n").filter { $0.contains("-> ") }
        .compactMap { line in
          line.firstRange(of: "chmod ").map { line[$0.lowerBound...] }
            ?? line.firstRange(of: "sed -i").map { line[$0.lowerBound...] }
        }.map { $0.components(separatedBy: ", and ").first ?? "" }
      #expect(commands.count == found.problems)
      for command in commands { try await run(command) }
      let after = try await checkUp(stage, alice, arguments)
      #expect(after.code == 0, "\(after.text)")
      #expect(!after.text.contains("warning "))
    }
  }

  private func run(_ command: String) async throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", command]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0, "\(command)")
  }

  @Test("Other commands warn of a folder that others may change, and go on")
  func warnedElsewhere() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await patient(stage, at: kdc)
      unsafe chmod(alice.home.path, 0o770)
      let status = try stage.start(.client, ["status"], home: alice.home)
      try await status.expectExit(0)
      #expect(status.errors.text.contains("chmod 700 \(alice.home.path)"))
    }
  }

  @Test(
    "Wrong usage", arguments: [["-a", "x"], ["-l", "0"], ["--kdc-key", "trent1x"], ["word"]])
  func usage(_ arguments: [String]) async throws {
    try await Stage.with { stage in
      let program = try stage.start(.client, ["doctor"] + arguments)
      try await program.expectExit(64)
    }
  }
}
