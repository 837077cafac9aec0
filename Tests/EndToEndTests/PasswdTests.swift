import Foundation
import Testing

extension EndToEnd {
  /// `client passwd`: another passphrase, the same identity.
  @Suite struct PasswdTests {}
}

extension EndToEnd.PasswdTests {
  @Test("The new passphrase works and the old one never again; the identity and its file stay")
  func change() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      // Both pin each other.
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.passwd().expectExit(0, saying: "was changed: the new one is in force")
      #expect(changing.leftovers == [])
      try await kdc.logged(" secret-changed kvno=", " name=alice ")
      try await changing.login(with: changing.old).expectExit(5, saying: "Wrong passphrase")
      try await changing.login(with: changing.new).expectExit(0, saying: "logged in as alice")
      // Nobody is warned: it is the identity that bob has pinned.
      let waiting = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let access = Stage.Access(
        port: kdc.port, ["--passphrase-file", changing.new])
      try await stage.sender(alice, access, to: "bob", file).expectExit(0)
      try await waiting.expectExit(0)
    }
  }

  @Test("Nothing changes with a wrong passphrase, or for the same one")
  func refused() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      let same = try stage.start(
        .client,
        changing.arguments("passwd", changing.old) + ["--new-passphrase-file", changing.old],
        home: alice.home)
      try await same.expectExit(1, saying: "is the present one. Nothing was changed")
      let weak = try stage.folder.put(Array("short\n".utf8), at: "weak", mode: 0o600)
      let weakened = try stage.start(
        .client, changing.arguments("passwd", changing.old) + ["--new-passphrase-file", weak],
        home: alice.home)
      try await weakened.expectExit(5, saying: "may not be set")
      #expect(!weakened.errors.text.contains("--register"))
      try await changing.passwd(from: changing.new).expectExit(5, saying: "Wrong passphrase")
      try await changing.login(with: changing.old).expectExit(0, saying: "logged in")
      #expect(changing.leftovers == [])
      #expect(!kdc.log.contains("secret-changed"))
    }
  }

  @Test("A kept login is replaced; one on another device is over, and says so")
  func keptLogins() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      let elsewhere = stage.folder.path("elsewhere")
      try FileManager.default.copyItem(atPath: alice.home.path, toPath: elsewhere)
      try await changing.passwd().expectExit(0, saying: "the login that was kept is replaced")

      let file = try stage.folder.put([1, 2, 3], at: "in")
      let bare = Stage.Access(port: kdc.port, [])
      let here = try stage.sender(alice, bare, to: "nobody", file)
      try await here.expectExit(6)
      let there = try stage.start(
        .client, ["-n", "alice", "-m", "S", "-r", "nobody", "-i", file] + bare.arguments,
        home: Folder(notYetAt: elsewhere))
      try await there.expectExit(5, saying: "The login of alice is over")
    }
  }

  @Test("A second device opens its identity with the former passphrase, and seals it anew")
  func secondDevice() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      let elsewhere = Folder(notYetAt: stage.folder.path("elsewhere"))
      try FileManager.default.copyItem(atPath: alice.home.path, toPath: elsewhere.path)
      try await changing.passwd().expectExit(0, saying: "was changed")

      let login = changing.arguments("login", changing.new)
      let without = try stage.start(.client, login, home: elsewhere)
      try await without.expectExit(5, saying: "--former-passphrase-file")
      let wrong = try stage.start(
        .client, login + ["--former-passphrase-file", changing.new], home: elsewhere)
      try await wrong.expectExit(5, saying: "does not open")
      let with = try stage.start(
        .client, login + ["--former-passphrase-file", changing.old], home: elsewhere)
      try await with.expectExit(0, saying: "logged in as alice")
      // From then on it is like the first device.
      try await stage.start(.client, login, home: elsewhere).expectExit(0, saying: "logged in")
      // And what it says of the old one is of use.
      let old = try stage.start(
        .client, changing.arguments("login", changing.old), home: elsewhere)
      try await old.expectExit(5, saying: "Wrong passphrase")
    }
  }

  @Test("At a terminal the present passphrase is asked for once and the new one twice")
  func terminal() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      let program = try stage.start(
        .client, ["passwd", "-n", "alice", "-a", "127.0.0.1", "-p", "\(kdc.port)"],
        home: alice.home, input: .terminal)
      try await program.shown("passphrase of alice: ")
      program.type(alice.passphrase)
      try await program.shown("new passphrase of alice: ")
      program.type("another of many words")
      try await program.shown("the same passphrase again: ")
      program.type("another of many words")
      try await program.expectExit(0)
      #expect(!program.output.text.contains("another\r"))
      try await changing.login(with: changing.new).expectExit(0, saying: "logged in")
    }
  }

  @Test("When the KDC is gone before the answer, the client says that it does not know")
  func unknown() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      // It dies at the line that makes the change.
      let folder = kdc.folder
      try await kdc.stop()
      let fault = Fault.kill(at: .append, number: 1, in: folder)
      guard try await Strace.isUsable() else { return }
      let dying = try TracedProgram.kdc(in: folder, fault)
      let service = try #require(try await dying.service())
      var access = changing
      access.port = service.port
      try await access.passwd().expectExit(3, saying: "NOT KNOWN")
      #expect(changing.leftovers == ["alice~changed"])
      _ = try await dying.end()
      // Nothing was written: the next sign-in says that the old one stays.
      let again = try await stage.kdc()
      access.port = again.port
      try await access.login(with: changing.new).expectExit(5, saying: "use the old one")
      try await access.login(with: changing.old)
        .expectExit(0, saying: "was NOT changed: the old one is in force")
    }
  }

  @Test("A KDC that cannot say whether its disk has the new secret is not taken to have refused it")
  func failedSync() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let changing = Changing(alice, at: kdc, stage, new: "another")
      try await changing.register()
      try await kdc.stop()
      // The line is in the file, and the wait for the disk fails, as all do after the three of the
      // start.
      let syncs = try FailingSync(after: 3, in: stage.folder)
      let failing = try await stage.kdc(environment: syncs.environment)
      var access = changing
      access.port = failing.port
      try await access.passwd().expectExit(3, saying: "NOT KNOWN")
      #expect(changing.leftovers == ["alice~changed"])
      failing.program.signal(9)
      // The next KDC finds the line, and the client has what opens its identity key under it.
      let again = try await stage.kdc()
      access.port = again.port
      try await access.login(with: changing.new)
        .expectExit(0, saying: "was changed: the new one is in force")
    }
  }

  @Test("A key file gets a new key; what an interruption leaves is sorted out at the next sign-in")
  func keyFile() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let key = stage.folder.path("backup.key")
      let home = Folder(notYetAt: stage.folder.path("home-backup"))
      let center = ["-n", "backup", "-a", "127.0.0.1", "-p", "\(kdc.port)", "--key-file", key]
      let made = try stage.start(
        .client, ["keygen"] + center + ["--kdc-key", kdc.word], home: home)
      try await made.expectExit(0)
      let old = try #require(stage.folder.bytes(of: "backup.key"))
      let passwd = try stage.start(.client, ["passwd"] + center, home: home)
      try await passwd.expectExit(0, saying: "the key of backup was changed")
      let new = try #require(stage.folder.bytes(of: "backup.key"))
      #expect(old != new)
      #expect(old.count == new.count)
      try await stage.start(.client, ["login"] + center, home: home).expectExit(0)

      // As if killed after the KDC had made the change, and before the renaming.
      _ = try stage.folder.put(old, at: "backup.key", mode: 0o600)
      _ = try stage.folder.put(new, at: "backup.key~new", mode: 0o600)
      let after = try stage.start(.client, ["login"] + center, home: home)
      try await after.expectExit(0, saying: "the key of backup was changed: the new one is")
      #expect(stage.folder.bytes(of: "backup.key") == new)
      // As if killed before the request left.
      _ = try stage.folder.put(old, at: "backup.key~new", mode: 0o600)
      let before = try stage.start(.client, ["login"] + center, home: home)
      try await before.expectExit(0, saying: "the key of backup was NOT changed: the old one is")
      #expect(stage.folder.bytes(of: "backup.key") == new)
    }
  }
}

/// A user with an old passphrase and a new one.
struct Changing {
  let user: User
  let old: String
  let new: String
  var port: UInt16
  private let word: String
  private let stage: Stage

  init(_ user: User, at kdc: RunningKDC, _ stage: Stage, new: String) {
    self.user = user
    self.stage = stage
    port = kdc.port
    word = kdc.word
    old = user.passphraseFile
    self.new =
      (try? stage.folder.put(
        [UInt8]((new + " of many words\n").utf8), at: "\(user.name).new", mode: 0o600)) ?? ""
  }

  func arguments(_ command: String, _ passphraseFile: String) -> [String] {
    [
      command, "-n", user.name, "-a", "127.0.0.1", "-p", "\(port)", "--kdc-key", word,
      "--passphrase-file", passphraseFile,
    ]
  }

  /// Registers, and keeps a login.
  func register() async throws {
    let program = try stage.start(
      .client, arguments("login", old) + ["--register"], home: user.home)
    try await program.expectExit(0)
  }

  func login(with passphraseFile: String) throws -> Program {
    try stage.start(.client, arguments("login", passphraseFile), home: user.home)
  }

  func passwd(from present: String? = nil) throws -> Program {
    try stage.start(
      .client, arguments("passwd", present ?? old) + ["--new-passphrase-file", new],
      home: user.home)
  }

  /// What is beside the identity, but for locks and files that never got their name.
  var leftovers: [String] {
    let files = Folder(notYetAt: user.home.path("identities")).allFiles
    return files.map { ($0 as NSString).lastPathComponent }
      .filter { $0.contains("~") && !$0.hasPrefix(".") && !$0.hasSuffix("~lock") }
  }
}

extension Program {
  /// Waits for the end and expects it to be with `status`, after these words on standard error.
  func expectExit(
    _ status: Int32, saying words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectExit(status, sourceLocation: sourceLocation)
    #expect(errors.text.contains(words), "\(report)", sourceLocation: sourceLocation)
  }
}
