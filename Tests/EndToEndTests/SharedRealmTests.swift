#if PostgreSQL
import Foundation
import PostgreSQLHarness
import Testing

extension EndToEnd {
  /// Commands about a store, and wrong proofs at several KDCs of it.
  @Suite struct SharedRealmTests {}
}

/// A database of its own.
private struct Database {
  let server: PostgreSQLServer
  let name: String

  var url: String { server.url(of: name) }

  init() throws {
    server = try PostgreSQLServer.shared()
    name = try server.makeDatabase()
  }
}

extension EndToEnd.SharedRealmTests {
  @discardableResult
  private func command(
    _ stage: Stage, _ words: [String], exit code: Int32 = 0
  ) async throws -> Program {
    let program = try stage.start(.kdc, words)
    try await program.expectExit(code)
    return program
  }

  private func database(_ stage: Stage) async throws -> Database {
    let database = try Database()
    try await command(stage, ["store", "migrate", "--store", database.url])
    return database
  }

  /// A KDC in a folder of its own, with a copy of the first one's keys.
  private func kdc(
    _ stage: Stage, over database: Database, folder name: String, keysOf first: RunningKDC? = nil,
    _ extra: [String] = []
  ) async throws -> RunningKDC {
    let folder = try stage.folder.folder(name)
    if let first {
      let keys = try #require(first.folder.bytes(of: "kdc.key"))
      _ = try folder.put(keys, at: "kdc.key", mode: 0o600)
    }
    let program = try stage.start(
      .kdc,
      [
        "-p", "0", "--store", database.url, "--keys", folder.path("kdc.key"), "-o",
        folder.path("out.txt"),
      ] + extra)
    return try await RunningKDC(program, folder: folder, logName: "out.txt")
  }

  private func logIn(
    _ stage: Stage, _ user: User, at kdc: RunningKDC, host: String = "127.0.0.1",
    passphrase: String? = nil
  ) throws -> Program {
    try stage.start(
      .client,
      [
        "login", "-n", user.name, "-a", host, "-p", "\(kdc.port)", "--kdc-key", kdc.word,
        "--passphrase-file", passphrase ?? user.passphraseFile,
      ], home: user.home)
  }

  private func realm(_ database: Database, _ kdc: RunningKDC) -> [String] {
    ["--store", database.url, "--keys", kdc.folder.path("kdc.key")]
  }

  @Test("HOSTILE B 12: guesses at one KDC count at the other, and at one that starts later")
  func guesses() async throws {
    try await Stage.with { stage in
      let database = try await database(stage)
      let settings = try stage.folder.put(
        [UInt8](#"{"brakes": {"name": {"free-failures": 3, "first-delay-seconds": 600}}}"#.utf8),
        at: "settings.json")
      let braked = ["--settings", settings]
      let one = try await kdc(stage, over: database, folder: "one", braked)
      let other = try await kdc(stage, over: database, folder: "other", keysOf: one, braked)
      let (alice, mallory) = (try stage.user("alice"), try stage.user("mallory"))
      let registered = try stage.start(
        .client,
        ["login", "-n", "alice"] + Stage.Access(alice, at: one).arguments, home: alice.home)
      try await registered.expectExit(0)
      let thief = try stage.user("alice", device: "thief")
      func guess(at kdc: RunningKDC) async throws -> String {
        let program = try logIn(
          stage, thief, at: kdc, host: "::1", passphrase: mallory.passphraseFile)
        try await program.expectExit(5)
        return program.errors.text
      }
      var words = ""
      // The first failure was that of a name which did not exist yet.
      for _ in 0..<3 where !words.contains("too many wrong attempts") {
        words = try await guess(at: one)
      }
      #expect(words.contains("too many wrong attempts"))
      let third = try await kdc(stage, over: database, folder: "third", keysOf: one, braked)
      for kdc in [other, third] {
        #expect(try await guess(at: kdc).contains("too many wrong attempts"))
        try await kdc.logged("refused", "name=alice", "too many wrong proofs")
      }
      // The owner goes on, at each of them.
      for kdc in [one, other, third] { try await logIn(stage, alice, at: kdc).expectExit(0) }
    }
  }

  @Test("A realm goes from its files into a store and back, whole; nothing is copied over anything")
  func copy() async throws {
    try await Stage.with { stage in
      let files = try await stage.kdc()
      let user = try stage.user("alice")
      let registered = try stage.start(
        .client,
        ["login", "-n", "alice"] + Stage.Access(user, at: files).arguments, home: user.home)
      try await registered.expectExit(0)
      let path = files.folder.path("pwd.txt")
      try await command(stage, ["invite", "-f", path])
      let database = try await database(stage)
      // Not while it serves.
      let refused = try await command(stage, ["store", "copy", path, database.url], exit: 1)
      #expect(refused.errors.text.contains("in use"))
      try await files.stop()
      let copied = try await command(stage, ["store", "copy", path, database.url])
      #expect(copied.output.text.contains("1 users"))
      #expect(copied.output.text.contains("1 invitations"))
      let again = try await command(stage, ["store", "copy", path, database.url], exit: 1)
      #expect(again.errors.text.contains("users in it already"))

      let over = try await kdc(stage, over: database, folder: "over", keysOf: files)
      try await logIn(stage, user, at: over).expectExit(0)
      try await over.stop()

      let back = try stage.folder.folder("back")
      let target = back.path("pwd.txt")
      let keyless = try await command(stage, ["store", "copy", database.url, target], exit: 1)
      #expect(keyless.errors.text.contains("kdc.key"))
      let keys = try #require(files.folder.bytes(of: "kdc.key"))
      _ = try back.put(keys, at: "kdc.key", mode: 0o600)
      try await command(stage, ["store", "copy", database.url, target])
      for name in ["pwd.txt", "pwd.txt.invitations"] {
        let lines = [files.folder, back].map { folder in
          Set((folder.text(of: name) ?? "").split(separator: "\n"))
        }
        #expect(lines[0] == lines[1] && lines[0].count >= 2, "\(name)")
      }
      let onto = try await command(stage, ["store", "copy", database.url, target], exit: 1)
      #expect(onto.errors.text.contains("already"))
      let served = try await stage.kdc(folder: "back")
      try await logIn(stage, user, at: served).expectExit(0)
    }
  }

  @Test("A key is replaced when nobody serves; after that a KDC with the keys of before is refused")
  func rotation() async throws {
    try await Stage.with { stage in
      let database = try await database(stage)
      let one = try await kdc(stage, over: database, folder: "one")
      let other = try await kdc(stage, over: database, folder: "other", keysOf: one)
      let user = try stage.user("alice")
      let registered = try stage.start(
        .client,
        ["login", "-n", "alice"] + Stage.Access(user, at: one).arguments, home: user.home)
      try await registered.expectExit(0)
      try await one.stop()
      // The other one serves, though on another machine as it were.
      let refused = try await command(
        stage, ["rotate-storage-key"] + realm(database, one), exit: 1)
      #expect(refused.errors.text.contains("end them all first"))
      try await other.stop()
      try await command(stage, ["rotate-storage-key"] + realm(database, one))
      let identity = try await command(stage, ["rotate-identity"] + realm(database, one))
      let stale = try await command(
        stage, ["-p", "0"] + realm(database, other) + ["-o", "/dev/null"], exit: 1)
      #expect(stale.errors.text.contains("copy the present kdc.key"))
      let now = try await kdc(stage, over: database, folder: "other", keysOf: one)
      #expect(identity.output.lines.first == now.word)
      try await logIn(stage, user, at: now).expectExit(0)
    }
  }

  @Test("What is no store of this realm's is refused with a sentence, and no password is taken")
  func refusals() async throws {
    try await Stage.with { stage in
      let empty = try Database()
      let keys = stage.folder.path("kdc.key")
      for (store, words) in [
        (empty.url, "kdc store migrate"), ("postgresql://trent:secret@localhost/x", "password"),
        ("pwd.txt", "a URL"),
      ] {
        let program = try await command(
          stage, ["-p", "0", "--store", store, "--keys", keys], exit: 1)
        #expect(program.errors.text.contains(words))
        #expect(!program.errors.text.contains("secret"))
      }
      let both = ["-p", "0", "--store", empty.url, "-f", stage.folder.path("pwd.txt")]
      #expect(try await command(stage, both, exit: 1).errors.text.contains("not in both"))
      try await command(stage, ["store", "migrate", "--store", empty.url])
      try empty.server.sql(
        "INSERT INTO trent.migrations (version) VALUES (1000)", in: empty.name)
      for words in [["-p", "0", "--keys", keys], ["store", "migrate"]] {
        let program = try await command(stage, words + ["--store", empty.url], exit: 1)
        #expect(program.errors.text.contains("install a newer one"))
      }
    }
  }
}
#endif
