internal import SecretMemory
public import Wire

/// What the receiver says to an offer and its list. Kind 0x02, then the code of a reason; or zero,
/// how many bytes of the content it has (8), and their SHA-256 (32).
public enum Answer: Hashable, Sendable {
  /// With where to start: at the beginning, or after what is there of an earlier attempt.
  case accepted(ResumePoint)
  /// Nothing of it is taken.
  case refused(TransferReason)

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.answer)
    if let reason = try reader.reasonOrZero() {
      self = .refused(reason)
    } else {
      let offset = try reader.uint64()
      let hash = try reader.bytes(ResumePoint.hashByteCount)
      guard offset > 0 || hash.allSatisfy({ $0 == 0 }) else { throw .invalid("hash") }
      self = .accepted(ResumePoint(offset: offset, hash: hash))
    }
    try reader.finish()
  }

  /// The plaintext of a record.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.answer.rawValue)
    switch self {
    case .accepted(let point):
      writer.uint8(0)
      writer.uint64(point.offset)
      writer.bytes(point.hash.bytes)
    case .refused(let reason): writer.uint8(reason.rawValue)
    }
    return writer.publicBytes()
  }
}
