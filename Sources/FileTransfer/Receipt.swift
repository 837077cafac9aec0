internal import SecretMemory
public import Wire

/// The receiver's last word: that it has the whole file on its disk, or why not.
///
/// Kind 0x03, zero or the code of a reason, bytes received (8), SHA-256 of the plaintext (32, zeros
/// unless the file is complete).
public struct Receipt: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// Complete and durable; the SHA-256 of the plaintext, 32 bytes.
    case complete(hash: [UInt8])
    case failed(TransferReason)
  }

  public let outcome: Outcome
  /// Plaintext bytes.
  public let byteCount: UInt64

  private static let hashByteCount = 32

  /// A hash that does not have 32 bytes is our own mistake.
  public init(_ outcome: Outcome, byteCount: UInt64) {
    if case .complete(let hash) = outcome { precondition(hash.count == Self.hashByteCount) }
    self.outcome = outcome
    self.byteCount = byteCount
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.receipt)
    let reason = try reader.reasonOrZero()
    byteCount = try reader.uint64()
    let hash = try reader.bytes(Self.hashByteCount)
    try reader.finish()
    if let reason {
      guard hash.allSatisfy({ $0 == 0 }) else { throw .invalid("hash") }
      outcome = .failed(reason)
    } else {
      outcome = .complete(hash: hash)
    }
  }

  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.receipt.rawValue)
    switch outcome {
    case .complete(let hash):
      writer.uint8(0)
      writer.uint64(byteCount)
      writer.bytes(hash.bytes)
    case .failed(let reason):
      writer.uint8(reason.rawValue)
      writer.uint64(byteCount)
      writer.zeros(Self.hashByteCount)
    }
    return writer.publicBytes()
  }
}
