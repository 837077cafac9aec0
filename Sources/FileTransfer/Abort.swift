internal import SecretMemory
public import Wire

/// The sender gives up before the last chunk. Kind 0x04, then the code of a reason.
public struct Abort: Hashable, Sendable {
  /// Why: as a rule `sourceFailed`.
  public let reason: TransferReason

  /// Gives up for a reason.
  public init(_ reason: TransferReason) { self.reason = reason }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.abort)
    guard let reason = try reader.reasonOrZero() else { throw .invalid("reason") }
    try reader.finish()
    self.reason = reason
  }

  /// The plaintext of a record.
  public func encoded() -> [UInt8] { [TransferMessage.Kind.abort.rawValue, reason.rawValue] }
}
