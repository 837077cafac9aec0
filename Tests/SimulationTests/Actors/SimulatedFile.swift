import Cryptography
import FileTransfer
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

  /// The list that has this file alone.
  func manifest() throws -> Manifest {
    guard let path = EntryPath(name) else { throw ManifestFault.malformed }
    let entry = TransferEntry(
      path: path, kind: .file(size: UInt64(bytes.count)), permissions: 0o644,
      modified: Timestamp(milliseconds: 1))
    return try Manifest(.files, [entry])
  }

  /// What is left of it from an offset on, in chunks, the last one marked.
  ///
  /// - Parameter isSealed: false is a planted bug.
  func chunks(
    from offset: Int = 0, under key: borrowing SecretBytes, binding: [UInt8],
    isSealed: Bool = true
  ) -> [[UInt8]] {
    var sealer = ChunkSealer(fileKey: key, binding: binding.bytes, chunkSize: .simulated)
    var chunks: [[UInt8]] = []
    var start = offset
    repeat {
      let end = min(start + ChunkSize.simulated.byteCount, bytes.count)
      let plaintext = [UInt8](bytes[start..<end])
      let sealed = sealer.seal(plaintext.bytes, isLast: end == bytes.count)
      chunks.append(
        isSealed ? [UInt8](sealed.bytes) : plaintext + [UInt8](repeating: 0, count: 16))
      start = end
    } while start < bytes.count
    return chunks
  }

  /// SHA-256 of its first bytes.
  func hash(first count: UInt64) -> [UInt8] {
    let start = Array(bytes.prefix(Int(count)))
    return SHA256.hash(start.bytes)
  }
}
