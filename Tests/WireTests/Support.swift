import SecretMemory
import Testing
import Wire

/// Numbers that a seed determines (SplitMix64): the same in every run.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// The error of reading `bytes`, if there is one.
func wireError(
  _ bytes: [UInt8], _ read: (inout ByteReader) throws(WireError) -> Void
) -> WireError? {
  var reader = ByteReader(bytes.bytes)
  do {
    try read(&reader)
    return nil
  } catch {
    return error
  }
}

/// What `write` writes.
func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
  var writer = ByteWriter()
  write(&writer)
  return writer.publicBytes()
}
