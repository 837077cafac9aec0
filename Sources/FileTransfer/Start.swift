internal import SecretMemory
public import Wire

/// Where in the content the sender starts. Kind 0x06, then the offset (8): the one that the
/// receiver asked for, or 0.
public struct Start: Hashable, Sendable {
  /// Where in the content the chunks begin, in bytes.
  public let offset: UInt64

  /// From the answer's offset, or from 0.
  public init(offset: UInt64) { self.offset = offset }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.start)
    offset = try reader.uint64()
    try reader.finish()
  }

  /// Whether it is one of the two that were asked for.
  public func answers(_ point: ResumePoint) -> Bool { offset == 0 || offset == point.offset }

  /// The plaintext of a record.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.start.rawValue)
    writer.uint64(offset)
    return writer.publicBytes()
  }
}
