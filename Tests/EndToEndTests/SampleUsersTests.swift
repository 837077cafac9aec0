import Foundation
import Testing

extension EndToEnd {
  /// `pwd.txt.example`.
  @Suite struct SampleUsersTests {}
}

extension EndToEnd.SampleUsersTests {
  /// The names of the example with the passphrases that stand in its comments.
  private func sampleUsers(_ text: String) -> [(name: String, passphrase: String)] {
    text.split(separator: "\n").compactMap { line in
      line.firstMatch(of: #/^# (\w+)'s passphrase: (.+)$/#).map {
        (name: String($0.1), passphrase: String($0.2))
      }
    }
  }

  @Test("The sample users' digests are sealed at the first start, and their passphrases work")
  func sampleUsersLogIn() async throws {
    let example = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "pwd.txt.example")
    let text = try String(contentsOf: example, encoding: .utf8)
    let samples = sampleUsers(text)
    #expect(samples.map(\.name) == ["alice", "bob"])
    try await Stage.with { stage in
      _ = try stage.folder.folder("kdc").put([UInt8](text.utf8), at: "pwd.txt")
      let kdc = try await stage.kdc()
      try await kdc.program.said("sealed 2 plain digests")
      let written = try #require(stage.folder.bytes(of: "kdc/pwd.txt"))
      let lines = String(decoding: written, as: UTF8.self).split(separator: "\n")
      #expect(lines.filter { $0.hasPrefix("name=") && $0.contains(" digest=sealed:") }.count == 2)
      #expect(!lines.contains { $0.hasPrefix("name=") && $0.contains("digest=plain:") })
      let users = try samples.map { sample in
        let user = try stage.user(sample.name)
        try Data((sample.passphrase + "\n").utf8).write(
          to: URL(filePath: user.passphraseFile))
        return user
      }
      // Nobody registers: these are known.
      try await stage.expectTransfer(from: users[0], to: users[1], at: kdc)
      #expect(!kdc.log.contains("registered"))
    }
  }
}
