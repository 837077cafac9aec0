import Foundation
import Testing

extension EndToEnd {
  /// `-s`: an encrypted copy of what came in, and `client open`.
  @Suite struct SealedCopyTests {}
}

extension EndToEnd.SealedCopyTests {
  /// A user with a copy of what was sent to it.
  private struct Scene {
    let content: [UInt8]
    let copy: String
    let owner: User
    let other: User
  }

  private func scene(_ stage: Stage, size: Int = 600_000) async throws -> Scene {
    let kdc = try await stage.kdc()
    let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
    let content = randomBytes(size)
    let copy = stage.folder.path("outenc")
    let receiver = try await stage.listening(
      bob, at: kdc, ["-s", copy, "-o", stage.folder.path("out")])
    let file = try stage.folder.put(content, at: "in")
    try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
    try await receiver.expectExit(0)
    #expect(stage.folder.bytes(of: "out") == content)
    return Scene(content: content, copy: copy, owner: bob, other: alice)
  }

  /// Off line, and on a device that knows nothing.
  private func open(
    _ stage: Stage, _ copy: String, as name: String, _ passphraseFile: String
  ) throws -> Program {
    try stage.start(
      .client,
      [
        "open", "-n", name, "-i", copy, "-o", stage.folder.path("opened"),
        "--passphrase-file", passphraseFile,
      ])
  }

  @Test(
    "The owner's passphrase opens the copy, whatever its size", arguments: [0, 1, 262_144, 600_000])
  func opened(size: Int) async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage, size: size)
      try await open(stage, scene.copy, as: "bob", scene.owner.passphraseFile).expectExit(0)
      #expect(stage.folder.bytes(of: "opened") == scene.content)
      let stored = try #require(stage.folder.bytes(of: "outenc"))
      #expect(stored.count > size)
      #expect(size < 100 || Data(stored).range(of: Data(scene.content[..<100])) == nil)
    }
  }

  @Test("Another passphrase, and another user, open nothing")
  func foreign() async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      try await open(stage, scene.copy, as: "bob", scene.other.passphraseFile).expectExit(5)
      try await open(stage, scene.copy, as: "alice", scene.other.passphraseFile).expectExit(5)
      #expect(stage.folder.bytes(of: "opened") == nil)
    }
  }

  @Test(
    "A copy that was cut or edited puts nothing in its place",
    arguments: [
      // The head, its end, a chunk's border, the last chunk.
      (cut: 100, edited: nil), (cut: 211, edited: nil), (cut: 211 + 262_160, edited: nil),
      (cut: -1, edited: nil), (cut: nil, edited: 0), (cut: nil, edited: 60),
      (cut: nil, edited: 200), (cut: nil, edited: 300_000), (cut: nil, edited: -1),
    ] as [(cut: Int?, edited: Int?)])
  func damaged(cut: Int?, edited: Int?) async throws {
    try await Stage.with { stage in
      let scene = try await scene(stage)
      var bytes = try #require(stage.folder.bytes(of: "outenc"))
      if let cut { bytes.removeLast(cut < 0 ? 1 : bytes.count - cut) }
      if let edited { bytes[edited < 0 ? bytes.count - 1 : edited] ^= 1 }
      let copy = try stage.folder.put(bytes, at: "damaged")
      let program = try open(stage, copy, as: "bob", scene.owner.passphraseFile)
      // Whether the head or the passphrase is wrong cannot be told apart where the key is sealed.
      #expect([5, 8].contains(try await program.exit()))
      #expect(stage.folder.bytes(of: "opened") == nil)
    }
  }
}
