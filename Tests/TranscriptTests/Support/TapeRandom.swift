import Cryptography
import SecretMemory

/// Randomness on a tape: every draw has its name there, in the order of the draws.
struct TapeRandom: RandomSource {
  let tape: Tape
  var names: ArraySlice<String>

  init(_ tape: Tape, _ names: [String]) {
    self.tape = tape
    self.names = names[...]
  }

  mutating func fill(_ bytes: inout MutableRawSpan) {
    let drawn = draw(bytes.byteCount)
    for offset in drawn.indices {
      bytes.storeBytes(of: drawn[offset], toByteOffset: offset, as: UInt8.self)
    }
  }

  private mutating func draw(_ count: Int) -> [UInt8] {
    guard let name = names.popFirst() else {
      tape.note(TranscriptProblem("one draw too many"))
      return []
    }
    do {
      return try tape.drawn("random.\(name)", count)
    } catch {
      tape.note(TranscriptProblem("\(error)"))
      return []
    }
  }

  /// Every name must have been drawn.
  func finish() throws {
    guard names.isEmpty else {
      throw TranscriptProblem("not drawn: \(names.joined(separator: ", "))")
    }
  }
}
