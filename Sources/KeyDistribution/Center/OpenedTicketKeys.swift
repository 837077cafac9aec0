internal import Cryptography
internal import SecretMemory
internal import Synchronization

/// The key that tickets for one login of a receiver are sealed under.
final class TicketKey: Sendable {
  let key: SealingKey

  init(_ key: consuming SecretBytes) { self.key = SealingKey(key) }
}

/// Ticket keys of receivers that were asked for in these seconds. To open one and to expand it
/// costs as much as to seal a ticket.
///
/// Kept until the KDC's next look at its clock, so that what is in memory is what was used a few
/// seconds ago.
final class OpenedTicketKeys: Sendable {
  private struct Entry {
    let presence: PresenceRecord
    let key: TicketKey
  }

  /// How many keys there are at most, of less than 2 KiB each.
  private static let limit = 8192

  /// An entry has one slot that it can be in, and drives out whatever is there.
  private let entries = Mutex([Entry?](repeating: nil, count: limit))

  /// The key of just this presence.
  func key(
    of presence: PresenceRecord,
    opening: (PresenceRecord) throws(AuthenticationFailure) -> SecretBytes
  ) throws(AuthenticationFailure) -> TicketKey {
    let slot = Self.slot(of: presence)
    let found = entries.withLock { $0[slot] }
    if let found, found.presence == presence { return found.key }
    let key = TicketKey(try opening(presence))
    entries.withLock { $0[slot] = Entry(presence: presence, key: key) }
    return key
  }

  /// Erases all of them.
  func forget() {
    // Erased when the table is open to others again.
    var erased = [Entry?](repeating: nil, count: Self.limit)
    entries.withLock { swap(&$0, &erased) }
  }

  /// A login key is as good as random.
  private static func slot(of presence: PresenceRecord) -> Int {
    let key = presence.loginKey.key
    return unsafe Int(key.encoding.unsafeLoadUnaligned(as: UInt16.self)) % limit
  }
}
