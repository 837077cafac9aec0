import SecretMemory

/// What a scenario reads from and writes to. One scenario serves both ways: recording, it makes a
/// transcript; replaying, it takes from the transcript what it cannot compute, computes the rest,
/// and every difference is an error.
final class Tape {
  private enum Mode {
    case recording
    case replaying(next: Int)
  }

  private(set) var transcript: Transcript
  private var mode: Mode
  private var section = ""
  /// What could not be thrown where it was found.
  private var problem: TranscriptProblem?
  /// Makes what is drawn while recording, the same in every recording of this file.
  private let path: String

  init(recording path: String, comment: String, expect: String) {
    self.path = path
    transcript = Transcript(comment: comment, expect: expect)
    mode = .recording
  }

  init(replaying transcript: Transcript) {
    path = ""
    self.transcript = transcript
    mode = .replaying(next: 0)
  }

  /// Begins a part of the transcript.
  func begin(_ title: String) throws {
    section = title
    switch mode {
    case .recording: transcript.entries.append(.section(title))
    case .replaying:
      guard case .section(let found) = try next(), found == title else {
        throw TranscriptProblem("no section [\(title)]")
      }
    }
  }

  /// A value that cannot be computed from what is in the transcript so far: made once, by
  /// recording, and read from then on.
  func given(_ name: String, _ make: @autoclosure () throws -> [UInt8]) throws -> [UInt8] {
    try given(name, isText: false, make)
  }

  /// The same with a closure.
  func given(_ name: String, making make: () throws -> [UInt8]) throws -> [UInt8] {
    try given(name, isText: false, make)
  }

  /// The same for a word of text.
  func word(_ name: String, _ text: String) throws -> String {
    String(decoding: try given(name, isText: true) { [UInt8](text.utf8) }, as: UTF8.self)
  }

  private func given(
    _ name: String, isText: Bool, _ make: () throws -> [UInt8]
  ) throws -> [UInt8] {
    switch mode {
    case .recording:
      let bytes = try make()
      transcript.entries.append(.field(name, Transcript.Value(bytes: bytes, isText: isText)))
      return bytes
    case .replaying: return try field(name).bytes
    }
  }

  /// Random bytes.
  func drawn(_ name: String, _ count: Int) throws -> [UInt8] {
    let bytes = try given(name, World.bytes("\(path) \(section) \(name)", count))
    guard bytes.count == count else {
      throw TranscriptProblem("[\(section)] \(name): \(bytes.count) bytes for \(count)")
    }
    return bytes
  }

  /// A value that is computed from what is in the transcript so far: replaying, it must be the
  /// recorded one.
  func check(_ name: String, _ bytes: [UInt8]) throws {
    let value = Transcript.Value(bytes: bytes)
    switch mode {
    case .recording: transcript.entries.append(.field(name, value))
    case .replaying:
      let recorded = try field(name)
      guard recorded.bytes == bytes else {
        throw TranscriptProblem(
          "[\(section)] \(name): \(value.excerpt) instead of \(recorded.excerpt)")
      }
    }
  }

  /// Two computations that must agree.
  func require(_ condition: Bool, _ what: String) throws {
    guard condition else { throw TranscriptProblem("[\(section)] not so: \(what)") }
  }

  /// The end: nothing may be left over.
  func finish() throws {
    if let problem { throw problem }
    if case .replaying(let next) = mode, next < transcript.entries.count {
      throw TranscriptProblem("left over: \(transcript.entries[next])")
    }
  }

  /// For where nothing can be thrown: `finish` throws it.
  func note(_ problem: TranscriptProblem) {
    if self.problem == nil { self.problem = problem }
  }

  private func next() throws -> Transcript.Entry {
    guard case .replaying(let index) = mode, index < transcript.entries.count else {
      throw TranscriptProblem("[\(section)] the transcript is over")
    }
    mode = .replaying(next: index + 1)
    return transcript.entries[index]
  }

  private func field(_ name: String) throws -> Transcript.Value {
    let entry = try next()
    if case .field(let found, let value) = entry, found == name { return value }
    throw TranscriptProblem("[\(section)] \(name) expected, found \(entry)")
  }
}
