import Foundation
import Testing

extension EndToEnd {
  /// `kdc rotate-identity`, and clients that follow.
  @Suite struct IdentityRotationTests {}
}

extension EndToEnd.IdentityRotationTests {
  /// The word of the identity that takes over.
  private func rotate(_ stage: Stage, _ kdc: RunningKDC) async throws -> String {
    let program = try stage.start(
      .kdc, ["rotate-identity", "-f", kdc.folder.path("pwd.txt")])
    try await program.expectExit(0)
    return try #require(program.output.lines.first { $0.hasPrefix("trent1") })
  }

  /// With the KDC's word of before, or none at all.
  private func access(_ user: User, _ kdc: RunningKDC, word: String? = nil) -> Stage.Access {
    let key = word.map { ["--kdc-key", $0] } ?? []
    return Stage.Access(port: kdc.port, key + ["--passphrase-file", user.passphraseFile])
  }

  private func logIn(
    _ stage: Stage, _ user: User, _ access: Stage.Access, exit code: Int32 = 0
  ) async throws -> Program {
    let program = try stage.start(
      .client, ["login", "-n", user.name] + access.arguments, home: user.home)
    try await program.expectExit(code)
    return program
  }

  private static let notice = "has been replaced, as its old key says"

  @Test("Replaced while the KDC serves: kept logins and running receivers go on without a question")
  func whileServing() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let (carol, dave) = (try stage.user("carol"), try stage.user("dave"))
      _ = try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      let folder = try stage.folder.folder("in")
      let bobs = try stage.start(
        .client,
        ["receive", "--keep", "--accept-all", "-d", folder.path, "-l", "0", "-n", "bob"]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home)
      try await bobs.said("listening on port")
      let word = try await rotate(stage, kdc)
      #expect(word != kdc.word)
      try await kdc.logged("operator-identity-replaced")
      // Bob has never met carol, whom the new identity vouches for.
      let file = try stage.folder.put(randomBytes(1000), at: "file")
      let fresh = Stage.Access(
        port: kdc.port,
        ["--kdc-key", word, "--register", "--passphrase-file", carol.passphraseFile])
      _ = try await logIn(stage, carol, fresh)
      let carols = try stage.sender(carol, Stage.Access(port: kdc.port, []), to: "bob", file)
      try await carols.expectExit(0)
      try await bobs.said(Self.notice)
      #expect(!carols.errors.text.contains(Self.notice))
      // Alice has a login that is kept, and has never met dave.
      let daves = try stage.receiver(
        dave,
        Stage.Access(
          port: kdc.port,
          ["--kdc-key", kdc.word, "--register", "--passphrase-file", dave.passphraseFile]),
        ["-o", stage.folder.path("out")])
      try await daves.said("listening on port")
      let sending = try stage.sender(alice, Stage.Access(port: kdc.port, []), to: "dave", file)
      try await sending.expectExit(0)
      try await daves.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == stage.folder.bytes(of: "file"))
      #expect(sending.errors.text.contains(Self.notice))
      #expect(alice.home.text(of: "known_kdcs")?.contains(word) == true)
      // Told once.
      let other = try stage.folder.put([1], at: "other")
      let again = try stage.sender(alice, Stage.Access(port: kdc.port, []), to: "bob", other)
      try await again.expectExit(0)
      #expect(!again.errors.text.contains(Self.notice))
      try await stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")]).expectExit(0)
    }
  }

  @Test(
    "Replaced twice while nobody looked, at rest: the first pin, the first word and key files do")
  func twice() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      _ = try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      let keyFile = stage.folder.path("machine.key")
      let home = try stage.folder.folder("machine")
      try await stage.start(
        .client,
        [
          "keygen", "-n", "machine", "--key-file", keyFile, "-a", "127.0.0.1", "-p", "\(kdc.port)",
          "--kdc-key", kdc.word,
        ], home: home
      ).expectExit(0)
      try await kdc.stop()
      let words = [try await rotate(stage, kdc), try await rotate(stage, kdc)]
      let again = try await stage.kdc(port: kdc.port)
      #expect(again.word == words[1] && Set(words + [kdc.word]).count == 3)
      for word in [nil, kdc.word, words[0], words[1]] {
        let login = try await logIn(stage, alice, access(alice, again, word: word))
        #expect(login.errors.text.contains(Self.notice) == (word == nil))
      }
      // Somebody new comes with an old word, and a machine with its key file.
      let old = ["--kdc-key", kdc.word, "--register", "--passphrase-file", bob.passphraseFile]
      _ = try await logIn(stage, bob, Stage.Access(port: again.port, old))
      let machine = ["login", "--key-file", keyFile, "-a", "127.0.0.1", "-p", "\(again.port)"]
      try await stage.start(.client, machine, home: home).expectExit(0)
      let empty = try stage.folder.folder("empty")
      try await stage.start(.client, machine, home: empty).expectExit(0)
      try await stage.expectTransfer(from: alice, to: bob, at: again)
    }
  }

  @Test("HOSTILE D 18: killed while certificates are made anew, the KDC goes on at its next start")
  func killed() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let alice = try stage.user("alice")
      _ = try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      try await stage.register(1500, at: kdc)
      let rotation = try stage.start(
        .kdc, ["rotate-identity", "-f", kdc.folder.path("pwd.txt")])
      _ = try await eventually("another identity in kdc.key") {
        isRecertifying(kdc) == true ? () : nil
      }
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      _ = try await rotation.exit()
      let again = try await stage.kdc(port: kdc.port)
      #expect(again.word != kdc.word)
      let login = try await logIn(stage, alice, access(alice, again))
      #expect(login.errors.text.contains(Self.notice))
      _ = try await eventually("certificates of the present identity") {
        isRecertifying(again) == false ? () : nil
      }
      let check = try stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")])
      try await check.expectExit(0)
      #expect(check.output.text.contains("1501 users"))
    }
  }

  /// Whether kdc.key says so; nil before it has another identity. Behind magic, four keys and the
  /// period comes whether there is a former storage key, which there is not.
  private func isRecertifying(_ kdc: RunningKDC) -> Bool? {
    guard let key = kdc.folder.bytes(of: "kdc.key"), key.count > 155,
      key.starts(with: Array("trent kdc key v3".utf8))
    else { return nil }
    return key[17 + 4 * 32 + 8 + 1] == 1
  }

  @Test("Whoever has the old identity cannot lead back, nor elsewhere, who has followed")
  func thief() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      _ = try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      let stolen = try #require(kdc.folder.bytes(of: "kdc.key"))
      let users = try #require(kdc.folder.bytes(of: "pwd.txt"))
      _ = try await rotate(stage, kdc)
      let after = try #require(kdc.folder.bytes(of: "kdc.key"))
      // The seed of before is gone.
      #expect(Data(after).range(of: Data(stolen[17..<49])) == nil)
      _ = try await logIn(stage, alice, access(alice, kdc))
      try await kdc.stop()
      try kdc.folder.put(stolen, at: "kdc.key", mode: 0o600)
      try kdc.folder.put(users, at: "pwd.txt", mode: 0o600)
      for isForked in [false, true] {
        if isForked { _ = try await rotate(stage, kdc) }
        let impostor = try await stage.kdc(port: kdc.port)
        let refused = try await logIn(stage, alice, access(alice, impostor), exit: 4)
        #expect(refused.errors.text.contains("has changed"))
        try await impostor.stop()
      }
    }
  }
}
