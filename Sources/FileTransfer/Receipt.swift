internal import SecretMemory
public import Wire

/// The receiver's last word: that it has the whole file on its disk, or why not.
///
/// Kind 0x03, zero or the code of a reason, bytes received (8). No hash: what opens under the tags
/// of the chunks is what was sealed (DESIGN.md, 2.1).
public struct Receipt: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// Every chunk opened, the last one met, all of it durable.
    case complete
    case failed(TransferReason)
  }

  public let outcome: Outcome
  /// Plaintext bytes.
  public let byteCount: UInt64

  public init(_ outcome: Outcome, byteCount: UInt64) {
    self.outcome = outcome
    self.byteCount = byteCount
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.receipt)
    let reason = try reader.reasonOrZero()
    byteCount = try reader.uint64()
    try reader.finish()
    outcome = if let reason { .failed(reason) } else { .complete }
  }

  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.receipt.rawValue)
    switch outcome {
    case .complete: writer.uint8(0)
    case .failed(let reason): writer.uint8(reason.rawValue)
    }
    writer.uint64(byteCount)
    return writer.publicBytes()
  }
}
