internal import SecretMemory
public import Wire

/// What a user asks of a mailbox (PROTOCOL.md, 5.8): the plaintext of one record of a session whose
/// ticket is for a service. Whoever asks is who the ticket names, never who a message says.
public enum MailboxRequest: Hashable, Sendable {
  /// To leave a deposit of so many bytes for a receiver; the bytes follow, from the offset that the
  /// answer says.
  case leave(for: PrincipalName, DepositID, byteCount: UInt64)
  /// What there is for oneself, after the deposit of this number.
  case list(after: UInt64)
  /// So many bytes at most of a deposit for oneself, from this offset on.
  case fetch(number: UInt64, offset: UInt64, byteCount: UInt32)
  /// That a deposit is on one's own disk, and may be deleted.
  case collected(number: UInt64, DepositID)
  /// That nothing more of this sender is taken for oneself, or that it is again.
  case refuse(PrincipalName)
  case allow(PrincipalName)

  private enum Kind: UInt8 {
    case leave = 1
    case list = 2
    case fetch = 3
    case collected = 4
    case refuse = 5
    case allow = 6
  }

  public func encoded() -> [UInt8] {
    var record = ByteWriter()
    switch self {
    case .leave(let receiver, let id, let byteCount):
      record.uint8(Kind.leave.rawValue)
      record.name(receiver)
      record.bytes(id.bytes.bytes)
      record.uint64(byteCount)
    case .list(let number):
      record.uint8(Kind.list.rawValue)
      record.uint64(number)
    case .fetch(let number, let offset, let byteCount):
      record.uint8(Kind.fetch.rawValue)
      record.uint64(number)
      record.uint64(offset)
      record.uint32(byteCount)
    case .collected(let number, let id):
      record.uint8(Kind.collected.rawValue)
      record.uint64(number)
      record.bytes(id.bytes.bytes)
    case .refuse(let sender):
      record.uint8(Kind.refuse.rawValue)
      record.name(sender)
    case .allow(let sender):
      record.uint8(Kind.allow.rawValue)
      record.name(sender)
    }
    return record.publicBytes()
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    switch Kind(rawValue: try reader.uint8()) {
    case .leave:
      self = .leave(
        for: try reader.name(), try reader.depositID(), byteCount: try reader.uint64())
    case .list: self = .list(after: try reader.uint64())
    case .fetch:
      self = .fetch(
        number: try reader.uint64(), offset: try reader.uint64(), byteCount: try reader.uint32())
    case .collected: self = .collected(number: try reader.uint64(), try reader.depositID())
    case .refuse: self = .refuse(try reader.name())
    case .allow: self = .allow(try reader.name())
    case nil: throw .invalid("request kind")
    }
    try reader.finish()
  }
}

/// What a deposit is known by: SHA-256 of its letter. Who goes on with one that was interrupted, or
/// does not know whether it arrived, names it again.
public struct DepositID: Hashable, Sendable {
  public static let byteCount = 32

  public let bytes: [UInt8]

  /// Nil unless it has 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  package mutating func depositID() throws(WireError) -> DepositID {
    guard let id = DepositID(try bytes(DepositID.byteCount)) else { throw .truncated }
    return id
  }
}
