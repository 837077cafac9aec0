internal import Cryptography
internal import SecretMemory
internal import Wire

/// The key of one record. It gives the record's MAC key once and is the key of the next record
/// then; what it was cannot be computed from what it is (AUDIT.md, 3).
struct AuditKey: ~Copyable, Sendable {
  static let byteCount = 32

  private static let stepInfo = ByteWriter(.step).publicBytes()

  /// Of the record whose key this is; the first one is 0.
  private(set) var number: UInt64
  private(set) var secret: SecretBytes

  init(_ secret: consuming SecretBytes, of number: UInt64) {
    self.secret = secret
    self.number = number
  }

  /// The MAC key of this record, 32 bytes. The key itself moves on and is erased.
  mutating func next() -> SecretBytes {
    let info = Self.stepInfo
    let both = HKDF.expand(secret.bytes, info: info.bytes, count: 2 * Self.byteCount)
    secret = both.part(from: 0, count: Self.byteCount)
    number += 1
    return both.part(from: Self.byteCount, count: Self.byteCount)
  }

  /// Moves on to the record `number`, if that is ahead.
  mutating func advance(to number: UInt64) {
    while self.number < number { _ = next() }
  }
}
