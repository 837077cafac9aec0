import Foundation
import Testing

extension EndToEnd {
  /// Identity files that something has happened to, and places that are not empty.
  @Suite struct DamagedIdentityTests {}
}

extension EndToEnd.DamagedIdentityTests {
  private struct Scene {
    let stage: Stage
    let kdc: RunningKDC
    let alice: User
    let second: User
    let exportPassphraseFile: String
    var file: String { stage.folder.path("alice.identity") }

    init(_ stage: Stage) async throws {
      self.stage = stage
      kdc = try await stage.kdc()
      (alice, second) = (try stage.user("alice"), try stage.user("alice", device: "second"))
      exportPassphraseFile = try stage.folder.put(
        Array("on its way\n".utf8), at: "export.passphrase", mode: 0o600)
      try await stage.sender(alice, at: kdc, to: "nobody", "/dev/null").expectExit(6)
    }

    func export(to path: String) async throws -> Int32 {
      let program = try stage.start(
        .client,
        ["identity", "export", "-n", "alice", "-o", path, "--passphrase-file"]
          + [alice.passphraseFile, "--export-passphrase-file", exportPassphraseFile],
        home: alice.home)
      return try await program.exit()
    }

    func bringIn(_ path: String, _ extra: [String] = []) throws -> Program {
      try stage.start(
        .client,
        ["identity", "import", "-n", "alice", "-i", path, "--kdc-key", kdc.word]
          + ["--passphrase-file", second.passphraseFile]
          + ["--export-passphrase-file", exportPassphraseFile] + extra,
        home: second.home)
    }
  }

  @Test("A file with any byte of its head changed, and one that is cut or longer, is not imported")
  func damaged() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      #expect(try await scene.export(to: scene.file) == 0)
      let whole = try #require(stage.folder.bytes(of: "alice.identity"))
      #expect(whole.count == 106)
      // The head: magic, costs, salt. Behind it nonce, seed and tag, a byte of each.
      var damaged = [46, 60, 80, 105].map { ("byte \($0)", changed(whole, at: $0)) }
      damaged += (0..<46).map { ("byte \($0)", changed(whole, at: $0)) }
      for count in [0, 17, 45, 46, 105] { damaged.append(("cut", Array(whole.prefix(count)))) }
      damaged.append(("longer", whole + [0]))
      for (what, bytes) in damaged {
        let path = try stage.folder.put(bytes, at: "damaged", mode: 0o600)
        let program = try scene.bringIn(path)
        let status = try await program.exit()
        #expect([5, 9].contains(status), "\(what): \(program.report)")
        #expect(program.errors.text.contains(path), "\(what): \(program.report)")
        #expect(scene.second.home.allFiles == [], "\(what)")
      }
      // The same file, not damaged.
      try await scene.bringIn(scene.file).expectExit(0)
    }
  }

  private func changed(_ bytes: [UInt8], at place: Int) -> [UInt8] {
    var bytes = bytes
    bytes[place] ^= 1
    return bytes
  }

  @Test("Another identity is not replaced unless that is said, even under the same passphrase")
  func otherOwner() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      #expect(try await scene.export(to: scene.file) == 0)
      // The KDC loses its users, and the name is registered again, from the second device.
      try await scene.kdc.stop()
      try FileManager.default.removeItem(atPath: scene.kdc.folder.path("pwd.txt"))
      let again = try await stage.kdc(port: scene.kdc.port)
      try await stage.sender(scene.second, at: again, to: "nobody", "/dev/null").expectExit(6)
      let path = try #require(scene.second.home.allFiles.first { $0.hasSuffix("/alice") })
      let before = FileManager.default.contents(atPath: path)

      let program = try scene.bringIn(scene.file)
      try await program.expectExit(9)
      #expect(program.errors.text.contains("--replace"))
      #expect(FileManager.default.contents(atPath: path) == before)
      #expect(try permissions(path, kind: S_IFREG) == 0o600)

      try await scene.bringIn(scene.file, ["--replace"]).expectExit(0)
      #expect(FileManager.default.contents(atPath: path + "~old") == before)
      for file in [path, path + "~old"] {
        #expect(try permissions(file, kind: S_IFREG) == 0o600)
      }
    }
  }

  @Test("An export over a file open to others is for its owner alone, and so is what it makes")
  func exportOverOpenFile() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try stage.folder.put([1, 2, 3], at: "alice.identity", mode: 0o666)
      #expect(try await scene.export(to: scene.file) == 0)
      #expect(try permissions(scene.file, kind: S_IFREG) == 0o600)
      try await scene.bringIn(scene.file).expectExit(0)
      let path = try #require(scene.second.home.allFiles.first { $0.hasSuffix("/alice") })
      #expect(try permissions(path, kind: S_IFREG) == 0o600)
      // And it is the same person: logs in, sends and receives.
      let bob = try stage.user("bob")
      try await stage.expectTransfer(from: scene.second, to: bob, at: scene.kdc)
      try await stage.expectTransfer(from: bob, to: scene.second, at: scene.kdc)
    }
  }
}
