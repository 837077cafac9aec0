public import Wire

/// What a mailbox takes, and for how long it keeps it.
public struct MailboxPolicy: Hashable, Sendable {
  /// The largest deposit, in bytes.
  public var depositByteLimit: UInt64 = 1 << 30
  /// How many bytes, and deposits, one receiver's box holds.
  public var boxByteLimit: UInt64 = 4 << 30
  public var boxCountLimit = 10_000
  /// How many bytes of one sender wait here, for whomever.
  public var senderByteLimit: UInt64 = 4 << 30
  /// How many bytes wait in all.
  public var byteLimit: UInt64 = 64 << 30
  /// How long a deposit waits: as long as its receiver has the keys that open it.
  public var lifetime = Interval.days(30)

  public init() {}
}
