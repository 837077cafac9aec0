import Foundation
import Testing

/// Recorded runs of every exchange, byte for byte. With `TRENT_RECORD_TRANSCRIPTS=1` in the
/// environment they are written anew; otherwise a difference, or a missing transcript, is an error.
@Suite("Golden transcripts")
struct TranscriptTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Transcripts")
  /// Before the first test looks at a transcript, all are there.
  private static let areRecorded = Result {
    guard ProcessInfo.processInfo.environment["TRENT_RECORD_TRANSCRIPTS"] == "1" else { return }
    for scenario in Scenario.all { try record(scenario) }
  }

  init() throws { try Self.areRecorded.get() }

  static func file(_ scenario: Scenario) -> URL { folder.appending(path: scenario.path + ".txt") }

  @Test("Replayed, it gives the same bytes", arguments: Scenario.all)
  func replay(_ scenario: Scenario) throws {
    let text = try String(contentsOf: Self.file(scenario), encoding: .utf8)
    let transcript = try Transcript(parsing: text)
    #expect(transcript.text == text, "one spelling for every transcript")
    #expect(transcript.comment == scenario.comment)
    #expect(transcript.expect == scenario.expect)
    let tape = Tape(replaying: transcript)
    let refusedAt = try scenario.run(tape)
    try tape.finish()
    #expect(refusedAt ?? "success" == transcript.expect)
  }

  @Test("Every file belongs to a scenario, and every scenario has a path of its own")
  func noStrangers() throws {
    let files = FileManager.default.enumerator(atPath: Self.folder.path)?.compactMap { entry in
      (entry as? String).flatMap { $0.hasSuffix(".txt") ? String($0.dropLast(4)) : nil }
    }
    #expect(files?.sorted() == Scenario.all.map(\.path).sorted())
  }

  @Test("A changed byte in a transcript does not go unnoticed")
  func differencesAreNoticed() throws {
    let scenario = try #require(Scenario.all.first { $0.path == "exchange/ticket" })
    let recorded = try Transcript(
      parsing: String(contentsOf: Self.file(scenario), encoding: .utf8))
    let start = try #require(recorded.entries.firstIndex(of: .section("exchange ticket")))
    for index in recorded.entries.indices[start...] {
      guard case .field(let name, let value) = recorded.entries[index], !value.isText,
        name != "source", value.bytes.contains(where: { $0 != 0 })
      else { continue }
      var changed = recorded
      var bytes = value.bytes
      bytes[bytes.count - 1] ^= 1
      changed.entries[index] = .field(name, Transcript.Value(bytes: bytes))
      #expect(throws: (any Error).self, "\(name)") {
        let tape = Tape(replaying: changed)
        _ = try scenario.run(tape)
        try tape.finish()
      }
    }
  }

  private static func record(_ scenario: Scenario) throws {
    let tape = Tape(
      recording: scenario.path, comment: scenario.comment, expect: scenario.expect)
    let refusedAt = try scenario.run(tape)
    try tape.finish()
    try #require(refusedAt ?? "success" == scenario.expect)
    let file = file(scenario)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try tape.transcript.text.write(to: file, atomically: true, encoding: .utf8)
  }
}
