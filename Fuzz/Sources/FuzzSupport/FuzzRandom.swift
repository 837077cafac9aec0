import Cryptography

/// Fast, and the same in every run: a finding must be repeatable (SplitMix64).
public struct FuzzRandom: RandomSource, Sendable {
  private var state: UInt64

  public init(_ seed: UInt64 = 1) { state = seed }

  public mutating func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      bytes.storeBytes(
        of: UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31)), toByteOffset: offset, as: UInt8.self)
    }
  }
}
