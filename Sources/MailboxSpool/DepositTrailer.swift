internal import Cryptography
internal import SecretMemory
internal import Wire

/// What a file of the spool ends with when it is complete: its number, when that was, and SHA-256
/// of everything before.
struct DepositTrailer: Hashable, Sendable {
  static let byteCount = 8 + 8 + SHA256.byteCount

  let number: UInt64
  let stored: Timestamp
  let hash: [UInt8]

  /// - Parameter hasher: has hashed head and body.
  init(number: UInt64, stored: Timestamp, after hasher: consuming SHA256Hasher) {
    self.number = number
    self.stored = stored
    let fields = Self.fields(number, stored)
    hasher.update(fields.bytes)
    hash = hasher.finish()
  }

  init(_ bytes: RawSpan) throws(WireError) {
    var reader = ByteReader(bytes)
    number = try reader.uint64()
    stored = try reader.timestamp()
    hash = try reader.bytes(SHA256.byteCount)
    try reader.finish()
  }

  func encoded() -> [UInt8] { Self.fields(number, stored) + hash }

  private static func fields(_ number: UInt64, _ stored: Timestamp) -> [UInt8] {
    var fields = ByteWriter()
    fields.uint64(number)
    fields.timestamp(stored)
    return fields.publicBytes()
  }
}
