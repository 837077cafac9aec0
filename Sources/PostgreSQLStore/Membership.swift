#if PostgreSQL
internal import Directory
internal import Synchronization
internal import Wire

/// One KDC among those of a realm that share a store.
final class Membership: Sendable {
  /// Of the lock that every KDC and every command shares, or that one has alone; any number will
  /// do.
  private static let lock = "8390062411430017"

  /// By which it knows its own messages. Another one at each start.
  let replica: String

  private let claim: RealmClaim
  private let isAlone: Bool
  private let take: @Sendable (WrongProof) -> Void
  /// Wrong proofs of before have been taken.
  private let since: Mutex<Timestamp>

  /// - Parameters:
  ///   - isAlone: whether no other KDC or command may have the store meanwhile.
  ///   - since: from when on wrong proofs are of interest.
  ///   - take: is told the wrong proofs that other KDCs have seen.
  init(
    claim: RealmClaim, replica: String, isAlone: Bool, since: Timestamp,
    take: @escaping @Sendable (WrongProof) -> Void
  ) {
    self.claim = claim
    self.replica = replica
    self.isAlone = isAlone
    self.since = Mutex(since)
    self.take = take
  }

  /// Refuses a store of another realm. The first KDC makes it that of its own.
  func join(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try lock(connection)
    try takeMissed(connection)
  }

  /// The same for another connection of a KDC: while it can make changes, nobody has the store
  /// alone.
  func accompany(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    if !isAlone { try lock(connection) }
  }

  private func lock(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try claim.stake(connection)
    let isUpToDate = try claim.isUpToDate(connection)
    guard !isAlone else {
      return try take(
        "pg_try_advisory_lock", connection, or: "a KDC or a command uses it: end them all first")
    }
    if !isUpToDate {
      // Its keys were replaced, and that was interrupted before the store had heard of it.
      try take(
        "pg_try_advisory_lock", connection,
        or: "KDCs with the kdc.key of before use it: end them first")
      try claim.adopt(connection)
      try connection.run("SELECT pg_advisory_unlock(\(Self.lock))")
    }
    try take("pg_try_advisory_lock_shared", connection, or: "a key of its realm is being replaced")
  }

  private func take(
    _ way: String, _ connection: borrowing StoreConnection, or reason: String
  ) throws(StoreFailure) {
    let locked = try connection.run("SELECT \(way)(\(Self.lock))")
    guard locked.text(0, 0) == "t" else { throw StoreFailure(.unsuitable, reason) }
  }

  private func takeMissed(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    let since = since.withLock { $0 }
    let rows = try connection.run(
      Statement.wrongProofs.text, [replica, "\(since.milliseconds)"])
    // The latest first in the rows.
    for row in (0..<rows.rowCount).reversed() {
      guard let name = rows.text(row, 0), let source = rows.text(row, 1),
        let time = rows.text(row, 2),
        let proof = WrongProof(name: name, source: source, time: time)
      else { continue }
      take(proof, from: nil)
    }
  }

  /// - Parameter replica: whose message it was; nil: another's.
  func take(_ proof: WrongProof, from replica: String?) {
    guard replica != self.replica else { return }
    since.withLock { $0 = max($0, proof.time) }
    take(proof)
  }
}
#endif
