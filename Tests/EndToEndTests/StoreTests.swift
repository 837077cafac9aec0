#if PostgreSQL
import PostgreSQLHarness
import Testing

extension EndToEnd {
  /// Several KDCs over one PostgreSQL.
  @Suite struct StoreTests {}
}

extension EndToEnd.StoreTests {
  /// Starts a server, and KDCs over it when they are asked for.
  private func with(_ test: (Stage, PostgreSQLServer, _ url: String) async throws -> Void)
    async throws
  {
    let server = try PostgreSQLServer()
    defer { server.end() }
    try await Stage.with { stage in
      try await test(stage, server, server.url(of: try server.makeDatabase()))
    }
  }

  private func migrate(_ stage: Stage, _ url: String) async throws {
    try await stage.start(.kdc, ["store", "migrate", "--store", url]).expectExit(0)
  }

  /// A KDC with a copy of the realm's keys, which the first one makes.
  private func kdc(_ stage: Stage, _ url: String, _ name: String) async throws -> RunningKDC {
    let folder = try stage.folder.folder(name)
    if let key = stage.folder.bytes(of: "one/kdc.key") {
      try folder.put(key, at: "kdc.key", mode: 0o600)
    }
    let program = try stage.start(
      .kdc,
      ["-p", "0", "--store", url, "--keys", folder.path("kdc.key"), "-o", folder.path("out.txt")])
    return try await RunningKDC(program, folder: folder, logName: "out.txt")
  }

  private func send(
    _ stage: Stage, from sender: User, at one: RunningKDC, to receiver: User, at other: RunningKDC
  ) async throws {
    let content = randomBytes(2000)
    let waiting = try await stage.listening(receiver, at: other, ["-o", stage.folder.path("out")])
    let sending = try stage.sender(
      sender, at: one, to: receiver.name, try stage.folder.put(content, at: "in"))
    try await sending.expectExit(0)
    try await waiting.expectExit(0)
    #expect(stage.folder.bytes(of: "out") == content)
  }

  private func logIn(_ stage: Stage, _ user: User, at kdc: RunningKDC) throws -> Program {
    let key = ["--kdc-key", kdc.word, "--passphrase-file", user.passphraseFile]
    let access = Stage.Access(port: kdc.port, key)
    return try stage.start(
      .client, ["login", "-n", user.name] + access.arguments, home: user.home)
  }

  @Test("Whoever registers at one KDC is known at the other, and disabled at both")
  func shared() async throws {
    try await with { stage, _, url in
      let early = try stage.start(
        .kdc, ["-p", "0", "--store", url, "--keys", stage.folder.path("early.key")])
      try await early.expectExit(1)
      #expect(early.errors.text.contains("kdc store migrate"))
      try await migrate(stage, url)
      let one = try await kdc(stage, url, "one")
      let other = try await kdc(stage, url, "other")
      #expect(one.word == other.word)
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await send(stage, from: alice, at: one, to: bob, at: other)
      try await send(stage, from: alice, at: other, to: bob, at: one)
      let disabling = try stage.start(
        .kdc,
        ["users", "disable", "alice", "--store", url, "--keys", one.folder.path("kdc.key")])
      try await disabling.expectExit(0)
      for kdc in [one, other] { try await logIn(stage, alice, at: kdc).expectExit(5) }
      try await logIn(stage, bob, at: one).expectExit(0)
    }
  }

  @Test("A store that hangs or is killed is no wrong passphrase, and is used when it is back")
  func away() async throws {
    try await with { stage, server, url in
      try await migrate(stage, url)
      let one = try await kdc(stage, url, "one")
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await send(stage, from: alice, at: one, to: bob, at: one)
      for ending in ["pause", "kill"] {
        if ending == "pause" { try server.pause() } else { try server.kill() }
        try await logIn(stage, alice, at: one).expectExit(3)
        if ending == "pause" { try server.resume() } else { try server.start() }
        let reports = ending == "pause" ? 1 : 2
        try await eventually("the store to be back", report: one.program.report) {
          one.program.errors.lines.count { $0.contains("the store is back") } >= reports ? () : nil
        }
        try await send(stage, from: bob, at: one, to: alice, at: one)
      }
    }
  }
}
#endif
