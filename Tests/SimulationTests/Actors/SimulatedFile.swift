import SecretMemory
import Wire

/// A file that is like no other, and whose plaintext can be recognised on the wire.
struct SimulatedFile {
  let name: String
  let bytes: [UInt8]

  /// What most of a file consists of. 16 bytes.
  static let marker = [UInt8]("TRENT-PLAINTEXT-".utf8)

  /// - Parameter number: no other file has it.
  init(number: Int, random: inout SeededRandom) {
    name = "TRENT-PLAINTEXT-\(number)"
    let size = random.pick([
      0, 1, 15, 4095, 4096, 4097, 3 * 4096, random.below(20_000), random.below(500),
    ])
    var block = Self.marker
    for place in 0..<8 { block.append(UInt8(truncatingIfNeeded: number >> (8 * place))) }
    bytes = (0..<size).map { block[$0 % block.count] }
  }
}
