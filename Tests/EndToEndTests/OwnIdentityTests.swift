import Foundation
import Testing

extension EndToEnd {
  /// `client identity`: one user, two devices.
  @Suite struct OwnIdentityTests {}
}

extension EndToEnd.OwnIdentityTests {
  /// Two who have met, and alice's identity in a file for her second device.
  private struct Scene {
    let kdc: RunningKDC
    let alice: User
    let bob: User
    let second: User
    let exportPassphraseFile: String
    let file: String
  }

  private func scene(_ stage: Stage) async throws -> Scene {
    let kdc = try await stage.kdc()
    let scene = Scene(
      kdc: kdc, alice: try stage.user("alice"), bob: try stage.user("bob"),
      second: try stage.user("alice", device: "second"),
      exportPassphraseFile: try stage.folder.put(
        Array("on its way\n".utf8), at: "export.passphrase", mode: 0o600),
      file: stage.folder.path("alice.identity"))
    try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: kdc)
    let export = try identity(
      stage, scene.alice,
      ["export", "-n", "alice", "-o", scene.file]
        + ["--export-passphrase-file", scene.exportPassphraseFile])
    try await export.expectExit(0)
    return scene
  }

  private func identity(
    _ stage: Stage, _ user: User, _ arguments: [String], passphraseFile: String? = nil
  ) throws -> Program {
    try stage.start(
      .client,
      ["identity"] + arguments + ["--passphrase-file", passphraseFile ?? user.passphraseFile],
      home: user.home)
  }

  private func bringIn(
    _ stage: Stage, _ scene: Scene, to user: User, file: String? = nil, word: String? = nil,
    exportPassphraseFile: String? = nil, _ extra: [String] = []
  ) throws -> Program {
    let words = [
      "import", "-n", user.name, "-i", file ?? scene.file, "--kdc-key", word ?? scene.kdc.word,
      "--export-passphrase-file", exportPassphraseFile ?? scene.exportPassphraseFile,
    ]
    return try identity(stage, user, words + extra)
  }

  private func path(_ user: User) throws -> String {
    try #require(user.home.allFiles.first { $0.hasSuffix("/alice") })
  }

  @Test("With the identity imported, a second device is the same person")
  func secondDevice() async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      #expect(try permissions(scene.file, kind: S_IFREG) == 0o600)
      // Without it, the passphrase alone is not enough there.
      let input = try stage.folder.put([1, 2, 3], at: "in")
      let stranger = try stage.user("alice", device: "stranger")
      let refused = try stage.sender(stranger, at: scene.kdc, to: "bob", input)
      try await refused.expectExit(5, saying: "client identity import")

      let imported = try bringIn(stage, scene, to: scene.second)
      try await imported.expectExit(0)
      #expect(try permissions(path(scene.second), kind: S_IFREG) == 0o600)
      // Bob, who has pinned alice, takes her for the same: sending, and receiving.
      try await stage.expectTransfer(from: scene.second, to: scene.bob, at: scene.kdc)
      try await stage.expectTransfer(from: scene.bob, to: scene.second, at: scene.kdc)

      var fingerprints: Set<String> = []
      for device in [scene.alice, scene.second] {
        let show = try identity(stage, device, ["-n", "alice"])
        try await show.expectExit(0)
        fingerprints.insert(show.output.text)
      }
      let list = try stage.start(.client, ["peers"], home: scene.bob.home)
      try await list.expectExit(0)
      #expect(fingerprints.count == 1)
      #expect(fingerprints.allSatisfy { list.output.text.contains($0.dropLast()) })
      let names = try stage.start(.client, ["identity"], home: scene.second.home)
      try await names.expectExit(0)
      #expect(names.output.text == "alice  127.0.0.1:\(scene.kdc.port)\n")
    }
  }

  @Test("A wrong passphrase, another user's name and another KDC open nothing")
  func foreign() async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      let wrong = scene.bob.passphraseFile
      let other = try await stage.kdc(folder: "other")
      try await bringIn(stage, scene, to: scene.second, exportPassphraseFile: wrong)
        .expectExit(5)
      try await bringIn(stage, scene, to: scene.second, word: other.word).expectExit(5)
      try await bringIn(stage, scene, to: scene.bob, ["--replace"]).expectExit(5)
      let missing = stage.folder.path("missing")
      try await bringIn(stage, scene, to: scene.second, file: missing).expectExit(9)
      let damaged = try stage.folder.put([1, 2, 3], at: "damaged")
      try await bringIn(stage, scene, to: scene.second, file: damaged).expectExit(9)
      #expect(scene.second.home.allFiles == [])

      // Nor is anything exported or shown under a wrong passphrase.
      let output = stage.folder.path("none")
      let export = ["export", "-n", "alice", "-o", output, "--export-passphrase-file", wrong]
      try await identity(stage, scene.alice, export, passphraseFile: wrong).expectExit(5)
      #expect(stage.folder.bytes(of: "none") == nil)
      try await identity(stage, scene.alice, ["-n", "alice"], passphraseFile: wrong).expectExit(5)
    }
  }

  @Test("Another identity is replaced only if that is said, and then kept aside")
  func another() async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      // Another identity of the same name, from elsewhere.
      let elsewhere = try await stage.kdc(folder: "elsewhere")
      let other = try stage.user("alice", device: "other")
      try await stage.sender(other, at: elsewhere, to: "bob", "/dev/null").expectExit(6)
      let foreign = try #require(other.home.bytes(of: try relative(other)))
      let home = scene.alice.home
      let place = try relative(scene.alice)

      // The same identity again is no other one.
      try await bringIn(stage, scene, to: scene.alice).expectExit(0)
      #expect(home.bytes(of: place) != foreign)
      // What does not open is another one.
      try home.put(foreign, at: place, mode: 0o600)
      let refused = try bringIn(stage, scene, to: scene.alice)
      try await refused.expectExit(9)
      #expect(refused.errors.text.contains("--replace"))
      #expect(home.bytes(of: place) == foreign)

      try await bringIn(stage, scene, to: scene.alice, ["--replace"]).expectExit(0)
      #expect(home.bytes(of: place + "~old") == foreign)
      try await stage.expectTransfer(from: scene.alice, to: scene.bob, at: scene.kdc)
    }
  }

  @Test("At a terminal both new passphrases are typed twice, and a slip changes nothing")
  func terminal() async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      let output = stage.folder.path("typed.identity")
      for (again, status) in [("on its wax", Int32(5)), ("on its way", 0)] {
        let export = try stage.start(
          .client, ["identity", "export", "-n", "alice", "-o", output], home: scene.alice.home,
          input: .terminal)
        try await export.shown("passphrase of alice:")
        export.type(scene.alice.passphrase)
        try await export.shown("export passphrase:")
        export.type("on its way")
        try await export.shown("again")
        export.type(again)
        try await export.expectExit(status)
        #expect((stage.folder.bytes(of: "typed.identity") == nil) == (status != 0))
        #expect(!export.output.text.contains("on its wa"))
      }
      for (again, status) in [("another", Int32(5)), (scene.alice.passphrase, 0)] {
        let imported = try stage.start(
          .client,
          ["identity", "import", "-n", "alice", "-i", output, "--kdc-key", scene.kdc.word],
          home: scene.second.home, input: .terminal)
        try await imported.shown("export passphrase:")
        imported.type("on its way")
        try await imported.shown("passphrase of alice:")
        imported.type(scene.alice.passphrase)
        try await imported.shown("again")
        imported.type(again)
        try await imported.expectExit(status)
        #expect(scene.second.home.allFiles.isEmpty == (status != 0))
      }
      try await stage.expectTransfer(from: scene.second, to: scene.bob, at: scene.kdc)
    }
  }

  /// The path of alice's identity in a device's folder.
  private func relative(_ user: User) throws -> String {
    String(try path(user).dropFirst(user.home.path.count + 1))
  }
}
