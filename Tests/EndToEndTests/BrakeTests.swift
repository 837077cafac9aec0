import Foundation
import Testing

extension EndToEnd {
  /// Guessing and haste against the real programs. 127.0.0.1 and ::1 are two sources.
  @Suite struct BrakeTests {}
}

extension EndToEnd.BrakeTests {
  private func settings(_ stage: Stage, _ text: String) throws -> [String] {
    let path = stage.folder.path("settings.json")
    try Data(text.utf8).write(to: URL(filePath: path))
    return ["--settings", path]
  }

  /// `client login` from one of the two sources.
  private func logIn(
    _ stage: Stage, _ user: User, at kdc: RunningKDC, from host: String, passphrase: String? = nil
  ) throws -> Program {
    try stage.start(
      .client,
      [
        "login", "-n", user.name, "-a", host, "-p", "\(kdc.port)", "--kdc-key", kdc.word,
        "--passphrase-file", passphrase ?? user.passphraseFile,
      ], home: user.home)
  }

  @Test("During a guessing attack the owner logs in within 5 seconds, from known and new sources")
  func owner() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(
        settings(
          stage,
          #"{"brakes": {"name": {"first-delay-seconds": 600}, "source": {"free-failures": 50}}}"#))
      let (alice, mallory) = (try stage.user("alice"), try stage.user("mallory"))
      let registered = try stage.start(
        .client,
        ["login", "-n", "alice"] + Stage.Access(alice, at: kdc).arguments, home: alice.home)
      try await registered.expectExit(0)
      let thief = try stage.user("alice", device: "thief")
      // The first failure was that of a name which did not exist yet.
      for _ in 0..<4 {
        let guess = try logIn(
          stage, thief, at: kdc, from: "::1", passphrase: mallory.passphraseFile)
        try await guess.expectExit(5)
        #expect(guess.errors.text.contains("rong passphrase"))
      }
      let braked = try logIn(
        stage, thief, at: kdc, from: "::1", passphrase: mallory.passphraseFile)
      try await braked.expectExit(5)
      #expect(braked.errors.text.contains("too many wrong attempts"))
      try await kdc.logged("refused", "name=alice", "too many wrong proofs")
      // From the source that the owner has come from, and from the attacker's.
      for host in ["127.0.0.1", "::1"] {
        let start = ContinuousClock.now
        try await logIn(stage, alice, at: kdc, from: host).expectExit(0)
        #expect(ContinuousClock.now - start < .seconds(5))
      }
    }
  }

  @Test("A short wait is waited for; a wrong passphrase meanwhile is still a wrong passphrase")
  func shortWait() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(
        settings(stage, #"{"brakes": {"name": {"free-failures": 1}}}"#))
      let (alice, mallory) = (try stage.user("alice"), try stage.user("mallory"))
      for _ in 0..<2 {
        try await logIn(
          stage, alice, at: kdc, from: "127.0.0.1", passphrase: mallory.passphraseFile
        ).expectExit(5)
      }
      let refusals = kdc.log.split(separator: "\n").filter { $0.contains("refused") }
      #expect(refusals.contains { $0.contains("too many wrong proofs") })
      #expect(refusals.count { $0.contains("unknown name") } == 2)
    }
  }

  @Test("Connections in haste are closed, and the next second others are served")
  func connections() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(
        settings(stage, #"{"brakes": {"connections": {"per-second": 1, "burst": 2}}}"#))
      var closed = 0
      for _ in 0..<6 {
        let socket = try ClientSocket(kdc.port)
        // Asks for the epoch key.
        socket.send([0, 2, 1, 1])
        if socket.receive() == nil { closed += 1 }
      }
      #expect(closed >= 3)
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, from: "::1").expectExit(5)
    }
  }

  @Test(
    "Settings with a slip are refused at the start, with a sentence",
    arguments: [
      (#"{"prot": 7000}"#, "no setting \"prot\""),
      (#"{"brakes": {"name": {"free-failures": "five"}}}"#, "must be a number from 1 to 1000000"),
      (#"{"brakes": {"connections": {"burst": 0}}}"#, "brakes.connections.burst"),
      ("{\n\"port\": 70000}", "must be a number from 0 to 65535"),
      ("{\n\"port\": }", "line 2"), ("[]", "JSON object"), ("", "line 1"),
    ])
  func badSettings(text: String, words: String) async throws {
    try await Stage.with { stage in
      let options = try settings(stage, text)
      let kdc = try stage.start(
        .kdc, ["-p", "0", "-f", stage.folder.path("pwd.txt")] + options)
      try await kdc.expectExit(1)
      #expect(kdc.errors.text.contains(words), "\(kdc.errors.text)")
    }
  }

  @Test("The settings file says port, users, log and address; flags win")
  func settingsAndFlags() async throws {
    try await Stage.with { stage in
      let folder = try stage.folder.folder("kdc")
      let options = try settings(
        stage,
        """
        {"port": 1, "users": "\(folder.path("pwd.txt"))", "log": "\(folder.path("out.txt"))",
         "bind": "127.0.0.1"}
        """)
      let program = try stage.start(.kdc, ["-p", "0"] + options)
      let kdc = try await RunningKDC(program, folder: folder, logName: "out.txt")
      #expect(kdc.port != 1)
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, from: "127.0.0.1").expectExit(5)
      try await kdc.logged("refused", "name=alice", "unknown name")
    }
  }
}
