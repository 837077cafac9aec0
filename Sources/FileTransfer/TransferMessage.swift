internal import SecretMemory
public import Wire

/// Any message of a transfer. Each is the plaintext of one Noise transport record.
///
/// Where only one kind may come, its own initialiser reads it and refuses the others.
@frozen
public enum TransferMessage: ~Copyable, Sendable {
  /// What is to come (F1).
  case offer(Offer)
  /// Whether it is taken, and from where on (F2).
  case answer(Answer)
  /// How it has ended (F4).
  case receipt(Receipt)
  /// The sender gives up (F3).
  case abort(Abort)
  /// A part of the list (F1).
  case entries(EntryBatch)
  /// Where the sender begins (F2).
  case start(Start)

  /// The first byte of a record.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// From the sender.
    case offer = 0x01
    /// From the receiver.
    case answer = 0x02
    /// From the receiver.
    case receipt = 0x03
    /// From the sender.
    case abort = 0x04
    /// From the sender.
    case entries = 0x05
    /// From the sender.
    case start = 0x06
  }

  /// Reads a whole record of any kind.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    guard let kind = Kind(rawValue: try reader.uint8()) else { throw .invalid("message kind") }
    switch kind {
    case .offer: self = .offer(try Offer(record))
    case .answer: self = .answer(try Answer(record))
    case .receipt: self = .receipt(try Receipt(record))
    case .abort: self = .abort(try Abort(record))
    case .entries: self = .entries(try EntryBatch(record))
    case .start: self = .start(try Start(record))
    }
  }
}

extension ByteReader {
  /// Reads the first byte of a record, which must be this kind's.
  @_lifetime(self: copy self)
  mutating func expect(_ kind: TransferMessage.Kind) throws(WireError) {
    guard try uint8() == kind.rawValue else { throw .invalid("message kind") }
  }

  /// A reason's code; nil for zero.
  @_lifetime(self: copy self)
  mutating func reasonOrZero() throws(WireError) -> TransferReason? {
    let code = try uint8()
    if code == 0 { return nil }
    guard let reason = TransferReason(rawValue: code) else { throw .invalid("reason") }
    return reason
  }
}
