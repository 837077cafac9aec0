internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import Wire

/// Where deposits wait for this user, which is believed in nothing; and what holds in the realm
/// meanwhile.
protocol DepositBox: ~Copyable {
  /// What messages call it.
  var mailbox: PrincipalName { get }

  /// What waits after a number, and whether there is more.
  mutating func list(
    after number: UInt64
  ) throws(ClientFailure) -> (deposits: [WaitingDeposit], hasMore: Bool)

  /// Gives out so many bytes of a deposit, or all that there are from an offset on, in pieces.
  ///
  /// - Throws: `ClientFailure`; `refusedByReceiver` where the box says no and can still be asked.
  mutating func fetch(
    _ number: UInt64, from offset: UInt64, byteCount: UInt32, _ take: (RawSpan) throws -> Void
  ) throws

  /// Has a deposit deleted, which is on one's own disk.
  mutating func collected(_ deposit: WaitingDeposit) throws(ClientFailure)

  /// With the identity of the KDC that is pinned now.
  var realm: Realm { get }
  var clocks: PeerTrust.Clocks { get }

  /// The realm with another identity than before; nil if there is none.
  mutating func successor(patience: Interval) -> Realm?
}
