public import Wire

/// What a mailbox takes, and for how long it keeps it.
public struct MailboxPolicy: Hashable, Sendable {
  /// The largest deposit, in bytes.
  public var depositByteLimit: UInt64 = 1 << 30
  /// How many bytes, and deposits, one receiver's box holds.
  public var boxByteLimit: UInt64 = 4 << 30
  public var boxCountLimit = 10_000
  /// How many bytes, and deposits, of one sender wait here, for whomever.
  public var senderByteLimit: UInt64 = 4 << 30
  public var senderCountLimit = 10_000
  /// How many bytes, and deposits, wait in all: each is a file, however small it is.
  public var byteLimit: UInt64 = 64 << 30
  public var countLimit = 200_000
  /// How many senders one receiver may refuse.
  public var refusedSenderLimit = 1_000
  /// How long a deposit waits: as long as its receiver has the keys that open it.
  public var lifetime = Interval.days(30)
  /// How long what broke off is kept for who goes on with it.
  public var partialLifetime = Interval.days(1)

  public init() {}

  /// How many bytes, and deposits, of one receiver's box one sender may have: a quarter, so that
  /// nobody alone closes it to all others, but the largest deposit at any rate.
  public var shareByteLimit: UInt64 { max(boxByteLimit / 4, depositByteLimit) }
  public var shareCountLimit: Int { max(boxCountLimit / 4, 1) }
}
