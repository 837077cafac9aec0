import Foundation
import Testing

extension EndToEnd {
  /// What is settled once need not be said again.
  @Suite struct SettingsFileTests {}
}

extension EndToEnd.SettingsFileTests {
  /// A user with a settings file in the place that the XDG Base Directory Specification gives it.
  private struct Settled {
    let user: User
    let base: Folder

    init(_ user: User, at kdc: RunningKDC, in stage: Stage, receiving: [String: Any] = [:]) throws {
      self.user = user
      base = try stage.folder.folder("config-\(user.name)")
      let settings: [String: Any] = [
        "name": user.name, "passphrase-file": user.passphraseFile,
        "kdc": ["host": "127.0.0.1", "port": Int(kdc.port), "key": kdc.word],
        "receive": receiving,
      ]
      _ = try base.folder("trent")
      try base.put(
        [UInt8](JSONSerialization.data(withJSONObject: settings)), at: "trent/settings.json")
    }

    func start(
      _ words: [String], in stage: Stage, _ variables: [String: String] = [:]
    ) throws -> Program {
      try stage.start(
        .client, words, home: user.home,
        environment: ["XDG_CONFIG_HOME": base.path].merging(variables) { $1 })
    }
  }

  @Test("With a settings file, \"client send FILE -r bob\" is all, and so is \"client receive\"")
  func shortForms() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let inbox = try stage.folder.folder("inbox")
      let alice = try Settled(try stage.user("alice"), at: kdc, in: stage)
      let bob = try Settled(
        try stage.user("bob"), at: kdc, in: stage,
        receiving: ["folder": inbox.path, "port": 0, "accept-from": ["alice", "carol"]])
      for settled in [alice, bob] {
        try await settled.start(["login", "--register"], in: stage).expectExit(0)
      }
      let content = randomBytes(5000)
      let receiver = try bob.start(["receive"], in: stage)
      try await receiver.said("listening on port")
      let file = try stage.folder.put(content, at: "report.pdf")
      try await alice.start(["send", file, "-r", "bob"], in: stage).expectExit(0)
      try await receiver.expectExit(0)
      #expect(inbox.bytes(of: "report.pdf") == content)
    }
  }

  @Test("The classic forms take what is settled, too; variables win over the file")
  func classicForms() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try Settled(try stage.user("alice"), at: kdc, in: stage)
      let carol = try stage.user("carol")
      let asCarol = [
        "TRENT_NAME": carol.name, "TRENT_PASSPHRASE_FILE": carol.passphraseFile,
      ]
      let output = stage.folder.path("out")
      let receiver = try alice.start(
        ["-m", "R", "-l", "0", "-o", output, "--register"], in: stage, asCarol)
      try await receiver.said("as carol")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let sender = try alice.start(
        ["-m", "S", "-r", "carol", "-i", file, "--register"], in: stage)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == [1, 2, 3])
    }
  }

  @Test("Settings that cannot be are wrong usage, told with key and file; nothing is asked")
  func wrongSettings() async throws {
    try await Stage.with { stage in
      let alice = try stage.user("alice")
      for (text, word) in [
        ("{\"nmae\": \"alice\"}", "nmae"), ("{\"name\": \"Alice\"}", "name"), ("{", "no JSON"),
        ("{\"passphrase\": \"secret\"}", "passphrase"), ("{}", "-n"),
        ("{\"kdc\": {\"host\": \"127.0.0.1\", \"port\": \"x\"}}", "kdc.port"),
      ] {
        let path = try stage.folder.put(Array(text.utf8), at: "settings.json")
        let program = try stage.start(
          .client,
          ["send", "x", "-r", "bob", "-a", "127.0.0.1"] + (text.contains("port") ? [] : ["-p1"]),
          home: alice.home, environment: ["TRENT_SETTINGS": path])
        try await program.expectExit(64)
        #expect(program.errors.text.contains(word), "\(text): \(program.errors.text)")
        #expect(program.errors.text.contains("settings.json"))
      }
      let missing = try stage.start(
        .client, ["send", "x", "-r", "bob", "-a", "127.0.0.1", "-p1"], home: alice.home,
        environment: ["TRENT_SETTINGS": "/nowhere/mine.json"])
      try await missing.expectExit(64)
      #expect(missing.errors.text.contains("/nowhere/mine.json"))
    }
  }
}
