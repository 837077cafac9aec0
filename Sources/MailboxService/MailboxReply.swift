internal import SecretMemory
public import Wire

/// Why a mailbox does not do what it is asked. What a receiver has decided and how full its box is
/// are one reason: senders see nothing of a box.
public enum MailboxReason: UInt8, Error, Hashable, Sendable, CaseIterable,
  CustomStringConvertible
{
  case notTaken = 1
  case full = 2
  case tooLarge = 3
  case notThere = 4
  case busy = 5
  case notStored = 6

  /// A sentence for a person.
  public var description: String {
    switch self {
    case .notTaken: "The mailbox takes nothing more from you for this receiver."
    case .full: "The mailbox is full. Try another one, or again later."
    case .tooLarge: "It is larger than the mailbox takes."
    case .notThere: "The mailbox has no such deposit for you."
    case .busy: "The mailbox is busy. Try again later."
    case .notStored: "The mailbox could not write it down. Try again later."
    }
  }
}

/// A deposit that is waiting, as its receiver is told of it.
public struct WaitingDeposit: Hashable, Sendable {
  /// In the order of arrival, so that those of one sender keep theirs.
  public let number: UInt64
  public let sender: PrincipalName
  /// When it was stored, by the mailbox's clock.
  public let stored: Timestamp
  public let byteCount: UInt64
  public let id: DepositID

  public init(
    number: UInt64, sender: PrincipalName, stored: Timestamp, byteCount: UInt64, id: DepositID
  ) {
    self.number = number
    self.sender = sender
    self.stored = stored
    self.byteCount = byteCount
    self.id = id
  }
}

/// What a mailbox answers (PROTOCOL.md, 5.8): the plaintext of one record.
public enum MailboxReply: Hashable, Sendable {
  case refused(MailboxReason)
  /// Of a deposit that is to be left it has so many bytes already.
  case goOn(offset: UInt64)
  /// It is on the disk.
  case stored
  /// What is waiting, and whether there is more after that.
  case waiting([WaitingDeposit], hasMore: Bool)
  /// So many bytes follow: as many as were asked for, or all that there are from there on.
  case content(byteCount: UInt32)
  case done

  /// How many deposits an answer has at most: as many as fit into a record.
  public static let waitingLimit = 500

  private enum Kind: UInt8 {
    case refused = 1
    case goOn = 2
    case stored = 3
    case waiting = 4
    case content = 5
    case done = 6
  }

  /// More deposits than `waitingLimit` are our own mistake.
  public func encoded() -> [UInt8] {
    var record = ByteWriter()
    switch self {
    case .refused(let reason):
      record.uint8(Kind.refused.rawValue)
      record.uint8(reason.rawValue)
    case .goOn(let offset):
      record.uint8(Kind.goOn.rawValue)
      record.uint64(offset)
    case .stored: record.uint8(Kind.stored.rawValue)
    case .waiting(let deposits, let hasMore):
      precondition(deposits.count <= Self.waitingLimit)
      record.uint8(Kind.waiting.rawValue)
      record.uint8(hasMore ? 1 : 0)
      record.uint16(UInt16(deposits.count))
      for deposit in deposits {
        record.uint64(deposit.number)
        record.name(deposit.sender)
        record.timestamp(deposit.stored)
        record.uint64(deposit.byteCount)
        record.bytes(deposit.id.bytes.bytes)
      }
    case .content(let byteCount):
      record.uint8(Kind.content.rawValue)
      record.uint32(byteCount)
    case .done: record.uint8(Kind.done.rawValue)
    }
    return record.publicBytes()
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    switch Kind(rawValue: try reader.uint8()) {
    case .refused:
      guard let reason = MailboxReason(rawValue: try reader.uint8()) else {
        throw .invalid("reason")
      }
      self = .refused(reason)
    case .goOn: self = .goOn(offset: try reader.uint64())
    case .stored: self = .stored
    case .waiting: self = try Self.waiting(&reader)
    case .content: self = .content(byteCount: try reader.uint32())
    case .done: self = .done
    case nil: throw .invalid("reply kind")
    }
    try reader.finish()
  }

  private static func waiting(_ reader: inout ByteReader) throws(WireError) -> MailboxReply {
    let more = try reader.uint8()
    let count = Int(try reader.uint16())
    // A list that is empty and goes on would be asked for again and again.
    guard more <= 1, count <= waitingLimit, more == 0 || count > 0 else {
      throw .invalid("number of deposits")
    }
    var deposits: [WaitingDeposit] = []
    for _ in 0..<count {
      let deposit = WaitingDeposit(
        number: try reader.uint64(), sender: try reader.name(), stored: try reader.timestamp(),
        byteCount: try reader.uint64(), id: try reader.depositID())
      guard deposits.last.map({ $0.number < deposit.number }) ?? true else {
        throw .invalid("order of deposits")
      }
      deposits.append(deposit)
    }
    return .waiting(deposits, hasMore: more == 1)
  }
}
