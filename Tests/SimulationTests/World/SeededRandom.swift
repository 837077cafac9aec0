import Cryptography
import SecretMemory
import Wire

/// Numbers that a seed determines (SplitMix64). Fast and the same in every run; secret to nobody.
struct SeededRandom: RandomSource {
  private var state: UInt64

  /// - Parameter stream: streams of one seed have nothing to do with each other.
  init(seed: UInt64, stream: UInt64) {
    state = seed
    state = next() ^ stream
    state = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  mutating func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(
        of: UInt8(truncatingIfNeeded: next()), toByteOffset: offset, as: UInt8.self)
    }
  }

  /// 0..<limit.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// True so many times in a thousand.
  mutating func chance(_ permille: Int) -> Bool { below(1000) < permille }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

extension Interval {
  /// For the numbers that a simulation draws.
  static func random(_ range: ClosedRange<Int>, _ random: inout SeededRandom) -> Interval {
    .milliseconds(UInt64(random.number(in: range)))
  }
}

extension RandomSource {
  mutating func agreementKey() -> AgreementKey { AgreementKey(privateKey: secret(32)) }
}
