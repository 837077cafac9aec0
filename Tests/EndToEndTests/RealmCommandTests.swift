import Foundation
import Testing

extension EndToEnd {
  /// Commands about all users: export, import, another storage key.
  @Suite struct RealmCommandTests {}
}

extension EndToEnd.RealmCommandTests {
  @discardableResult
  private func command(
    _ stage: Stage, _ words: [String], at folder: Folder, exit code: Int32 = 0
  ) async throws -> Program {
    let program = try stage.start(.kdc, words + ["-f", folder.path("pwd.txt")])
    try await program.expectExit(code)
    return program
  }

  private func logIn(_ stage: Stage, _ user: User, at kdc: RunningKDC) async throws {
    let program = try stage.start(
      .client, ["login", "-n", user.name] + Stage.Access(user, at: kdc).arguments, home: user.home)
    try await program.expectExit(0)
  }

  @Test("The storage key is replaced while the KDC serves, and nobody notices; then again, at rest")
  func rotation() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let users = try (0..<5).map { try stage.user("user\($0)") }
      for user in users { try await logIn(stage, user, at: kdc) }
      let bob = try stage.user("bob")
      let output = stage.folder.path("out")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", output])
      let before = try #require(kdc.folder.bytes(of: "kdc.key"))
      try await command(stage, ["rotate-storage-key"], at: kdc.folder)
      try await kdc.logged("operator-storage-key-rotated")
      let after = try #require(kdc.folder.bytes(of: "kdc.key"))
      #expect(before.count == after.count)
      // The seeds of identity and salts stay; the storage key is another.
      #expect(before[17..<49] == after[17..<49])
      #expect(before[49..<81] != after[49..<81])
      // Who was present before is found; everybody logs in, before and after a start.
      let file = try stage.folder.put([1, 2, 3], at: "file")
      try await stage.sender(users[0], at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      try await kdc.stop()
      try await command(stage, ["rotate-storage-key"], at: kdc.folder)
      let check = try stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")])
      try await check.expectExit(0)
      let again = try await stage.kdc()
      for user in users { try await logIn(stage, user, at: again) }
    }
  }

  @Test("HOSTILE D 18: killed while it seals anew, the KDC goes on with it at its next start")
  func killedRotation() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let user = try stage.user("alice")
      try await logIn(stage, user, at: kdc)
      try await stage.register(1500, at: kdc)
      let rotation = try stage.start(
        .kdc, ["rotate-storage-key", "-f", kdc.folder.path("pwd.txt")])
      // As soon as the file holds both keys.
      _ = try await eventually("both keys in kdc.key") {
        kdc.folder.bytes(of: "kdc.key")?.starts(with: Array("trent kdc key v2".utf8)) == true
          ? true : nil
      }
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      _ = try await rotation.exit()
      let again = try await stage.kdc()
      try await again.logged("operator-storage-key-rotated")
      let key = try #require(again.folder.bytes(of: "kdc.key"))
      #expect(key.starts(with: Array("trent kdc key v1".utf8)))
      try await logIn(stage, user, at: again)
      let check = try stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")])
      try await check.expectExit(0)
      #expect(check.output.text.contains("1501 users"))
    }
  }

  /// Takes the identity key to the other KDC, whose user alice has become, and logs in there.
  private func bring(
    _ alice: User, from kdc: RunningKDC, to other: RunningKDC, under secret: String, _ stage: Stage
  ) async throws {
    let path = stage.folder.path("identity")
    let words = ["--passphrase-file", alice.passphraseFile, "--export-passphrase-file", secret]
    let way = { ["identity", $0, "-n", "alice", "--kdc-key", $1, $2, path] + words }
    try await stage.start(.client, way("export", kdc.word, "-o"), home: alice.home).expectExit(0)
    let device = try stage.folder.folder("another device")
    let arrival = way("import", other.word, "-i")
    let refused = try stage.start(.client, arrival, home: device)
    try await refused.expectExit(5)
    #expect(refused.errors.text.contains("--from-kdc"))
    try await stage.start(.client, arrival + ["--from-kdc", kdc.word], home: device).expectExit(0)
    let login = Stage.Access(
      port: other.port, ["--kdc-key", other.word, "--passphrase-file", alice.passphraseFile])
    try await stage.start(.client, ["login", "-n", "alice"] + login.arguments, home: device)
      .expectExit(0)
  }

  @Test("A user who is removed can be imported again, and tickets of before stay dead")
  func importedAgain() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc)
      let secret = try stage.folder.put(
        [UInt8]("for the way only\n".utf8), at: "secret", mode: 0o600)
      let words = [stage.folder.path("export"), "--passphrase-file", secret]
      try await command(stage, ["export", "--to"] + words, at: kdc.folder)
      let refused = try await command(stage, ["import", "--from"] + words, at: kdc.folder, exit: 1)
      #expect(refused.errors.text.contains("\"kdc users remove alice\" first"))
      func version() async throws -> Int {
        let shown = try await command(stage, ["users", "show", "alice"], at: kdc.folder)
        let line = shown.output.lines.first { $0.hasPrefix("kvno: ") }
        return try #require(line.flatMap { Int($0.dropFirst(6)) })
      }
      let before = try await version()
      try await command(stage, ["users", "remove", "alice"], at: kdc.folder)
      try await command(stage, ["import", "--from"] + words, at: kdc.folder)
      #expect(try await version() == before + 1)
      try await stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")]).expectExit(0)
      try await logIn(stage, alice, at: kdc)
    }
  }

  @Test("An export leaves no damaged line unsaid, and ends with 1")
  func exportOfDamagedLines() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc)
      let path = kdc.folder.path("pwd.txt")
      let file = try #require(FileHandle(forWritingAtPath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data("bob, but not much of him sum=0123456789abcdef\n".utf8))
      try file.close()
      let secret = try stage.folder.put(
        [UInt8]("for the way only\n".utf8), at: "secret", mode: 0o600)
      let words = ["export", "--to", stage.folder.path("export"), "--passphrase-file", secret]
      let told = try await command(stage, words, at: kdc.folder, exit: 1)
      #expect(told.output.text.contains("1 users written"))
      #expect(told.errors.text.contains("line 3"))
    }
  }

  @Test("A user file is served through a symbolic link, its key beside the link")
  func symbolicLink() async throws {
    try await Stage.with { stage in
      let elsewhere = try stage.folder.folder("elsewhere")
      let linked = try stage.folder.folder("kdc")
      let file = try elsewhere.put([], at: "pwd.txt", mode: 0o600)
      try FileManager.default.createSymbolicLink(
        atPath: linked.path("pwd.txt"), withDestinationPath: file)
      let kdc = try await stage.kdc(folder: "kdc")
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc)
      let listed = try await command(stage, ["users", "list"], at: linked)
      #expect(listed.output.text.contains("alice active"))
      let elsewhereListed = try await command(stage, ["users", "list"], at: elsewhere)
      #expect(elsewhereListed.output.text == listed.output.text)
      try await stage.start(.kdc, ["check", linked.path("pwd.txt")]).expectExit(0)
    }
  }

  @Test("Users go to a file under a passphrase, and from there to another KDC that serves")
  func export() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      for user in [alice, bob] { try await logIn(stage, user, at: kdc) }
      try await command(stage, ["users", "disable", "bob"], at: kdc.folder)
      let secret = try stage.folder.put(
        [UInt8]("for the way only\n".utf8), at: "secret", mode: 0o600)
      let file = stage.folder.path("export")
      let words = ["--passphrase-file", secret]
      try await command(stage, ["export", "--to", file] + words, at: kdc.folder)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      for line in text.split(separator: "\n") {
        _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
      }

      let other = try await stage.kdc(folder: "other")
      let wrong = try await command(
        stage, ["import", "--from", file, "--passphrase-file", alice.passphraseFile],
        at: other.folder, exit: 1)
      #expect(wrong.errors.text.contains("wrong passphrase"))
      // A line that was changed, taken out, or added.
      let lines = text.split(separator: "\n").map(String.init)
      for bent in [
        lines.map { $0.replacingOccurrences(of: "disabled", with: "active") },
        [lines[0]] + lines.dropFirst(2), lines + [lines[1]],
      ] {
        let path = try stage.folder.put(
          [UInt8]((bent.joined(separator: "\n") + "\n").utf8), at: "bent", mode: 0o600)
        try await command(stage, ["import", "--from", path] + words, at: other.folder, exit: 1)
      }
      let imported = try await command(
        stage, ["import", "--from", file] + words, at: other.folder)
      #expect(imported.output.text.contains("2 of 2 users imported"))
      let again = try await command(
        stage, ["import", "--from", file] + words, at: other.folder, exit: 1)
      #expect(again.errors.text.contains("alice is there already"))
      let listed = try await command(stage, ["users", "list"], at: other.folder)
      #expect(listed.output.text.contains("alice active"))
      #expect(listed.output.text.contains("bob disabled"))
      let check = try stage.start(.kdc, ["check", other.folder.path("pwd.txt")])
      try await check.expectExit(0)
      // The passphrase is good there; only the identity key has to be brought.
      let moved = try stage.start(
        .client,
        ["login", "-n", "alice"]
          + Stage.Access(
            port: other.port,
            ["--kdc-key", other.word, "--passphrase-file", alice.passphraseFile]
          ).arguments, home: alice.home)
      try await moved.expectExit(5)
      #expect(moved.errors.text.contains("The passphrase is right"))
      try await bring(alice, from: kdc, to: other, under: secret, stage)
    }
  }
}
