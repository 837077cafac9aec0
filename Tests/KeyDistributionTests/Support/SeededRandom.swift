import Cryptography
import SecretMemory

/// Random bytes that a seed determines: HKDF over a counter. The same in every run.
struct SeededRandom: RandomSource {
  private let key: [UInt8]
  private var counter: UInt64 = 0
  private var block: [UInt8] = []

  init(_ seed: String) { key = SHA256.hash([UInt8](seed.utf8).bytes) }

  mutating func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(of: next(), toByteOffset: offset, as: UInt8.self)
    }
  }

  private mutating func next() -> UInt8 {
    if block.isEmpty {
      counter += 1
      let info = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (8 * UInt64($0))) }
      block = [UInt8](HKDF.expand(key.bytes, info: info.bytes, count: 4096).bytes)
    }
    return block.removeLast()
  }
}
