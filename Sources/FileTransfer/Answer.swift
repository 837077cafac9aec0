internal import SecretMemory
public import Wire

/// What the receiver says to an offer. Kind 0x02, then zero or the code of a reason.
public enum Answer: Hashable, Sendable {
  case accepted
  case refused(TransferReason)

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.answer)
    let reason = try reader.reasonOrZero()
    try reader.finish()
    self = if let reason { .refused(reason) } else { .accepted }
  }

  public func encoded() -> [UInt8] {
    switch self {
    case .accepted: [TransferMessage.Kind.answer.rawValue, 0]
    case .refused(let reason): [TransferMessage.Kind.answer.rawValue, reason.rawValue]
    }
  }
}
