internal import Cryptography
internal import SecretMemory
internal import Wire

/// Key and nonces of the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online
/// Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015), in the form age gave it.
///
/// A nonce is an 11-byte counter, big-endian, and a byte that is 1 for the last chunk alone: so no
/// chunk can be moved, left out, repeated or made the last one without its tag failing.
struct ChunkNonce: ~Copyable {
  static let tagByteCount = SealingKey.tagByteCount

  private(set) var bytes: [UInt8]
  private var counter: UInt64

  /// - Parameter counter: The number of the first chunk.
  init(at counter: UInt64 = 0) {
    bytes = [UInt8](repeating: 0, count: SealingKey.nonceByteCount)
    self.counter = counter
    writeCounter()
  }

  var isFirst: Bool { counter == 0 }

  /// Makes these the bytes of the present chunk's nonce.
  mutating func mark(isLast: Bool) { bytes[bytes.count - 1] = isLast ? 1 : 0 }

  /// Moves on to the next chunk. No stream of less than 2^64 bytes has as many as 2^53 chunks, so
  /// the counter does not overflow and the first three of its eleven bytes stay zero.
  mutating func advance() {
    counter += 1
    writeCounter()
  }

  private mutating func writeCounter() {
    for place in 0..<8 { bytes[10 - place] = UInt8(truncatingIfNeeded: counter >> (8 * place)) }
  }

  /// The key of one stream: the file key bound to the session that it was sent in.
  static func streamKey(fileKey: borrowing SecretBytes, binding: RawSpan) -> SecretBytes {
    var info = ByteWriter()
    info.prefixed("trent chunk stream v1")
    return HKDF.derive(
      fileKey.bytes, salt: binding, info: info.written, count: SealingKey.byteCount)
  }
}
