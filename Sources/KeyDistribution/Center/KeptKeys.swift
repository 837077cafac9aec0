internal import Cryptography
internal import SecretMemory
internal import Synchronization
internal import Wire

/// The key that tickets for one login of a receiver are sealed under.
final class TicketKey: Sendable {
  let key: SealingKey

  init(_ key: consuming SecretBytes) { self.key = SealingKey(key) }
}

/// The key that one user shares with the KDC.
final class UserKey: Sendable {
  let key: SharedKey

  init(_ key: consuming SharedKey) { self.key = key }
}

/// Keys that came out of records, for the next request that needs them: to open and to expand a
/// receiver's ticket key costs as much as to seal a ticket, and a user's shared key costs an
/// Argon2id.
///
/// Each is kept for just its record, and not for long; whoever has this memory has the storage key
/// as well, which opens them all.
final class KeptKeys<Record: PrincipalRecord, Key: AnyObject & Sendable>: Sendable {
  private struct Entry {
    let record: Record
    let key: Key
  }

  private struct Table {
    var entries: [Entry?]
    /// Since when keys have gathered.
    var began = Timestamp(milliseconds: 0)
  }

  private let limit: Int
  private let lifetime: Interval
  private let table: Mutex<Table>

  /// - Parameters:
  ///   - limit: how many keys there are at most, of less than 2 KiB each.
  ///   - lifetime: how long a key is kept at the most, as exactly as the KDC looks at its clock.
  init(limit: Int = 8192, lifetime: Interval) {
    self.limit = limit
    self.lifetime = lifetime
    table = Mutex(Table(entries: [Entry?](repeating: nil, count: limit)))
  }

  /// The key of just this record, if it is there.
  ///
  /// - Parameter sealed: what the record has the secret sealed as: it begins with random bytes.
  func key(of record: Record, sealed: [UInt8]) -> Key? {
    let slot = slot(sealed)
    let found = table.withLock { $0.entries[slot] }
    guard let found, found.record == record else { return nil }
    return found.key
  }

  func keep(_ key: Key, of record: Record, sealed: [UInt8]) {
    let slot = slot(sealed)
    table.withLock { $0.entries[slot] = Entry(record: record, key: key) }
  }

  /// Erases all of them, if they have been kept for long enough.
  func expire(at now: Timestamp) {
    // Erased when the table is open to others again.
    var erased: [Entry?] = []
    table.withLock { table in
      guard now.since(table.began) >= lifetime || now < table.began else { return }
      erased = [Entry?](repeating: nil, count: limit)
      swap(&table.entries, &erased)
      table.began = now
    }
  }

  /// An entry has one slot that it can be in, and drives out whatever is there.
  private func slot(_ sealed: [UInt8]) -> Int {
    guard sealed.count >= 2 else { return 0 }
    return (Int(sealed[0]) << 8 | Int(sealed[1])) % limit
  }
}
