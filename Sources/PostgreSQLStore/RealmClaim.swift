#if PostgreSQL
public import KeyDistribution
internal import Wire

/// Whose realm a KDC takes a store for, and whether its keys are those of the store.
public struct RealmClaim: Sendable {
  /// The SHA-256 of the first identity key, 32 bytes.
  let id: [UInt8]
  /// Made of the present keys.
  let witness: @Sendable () -> RealmWitness
  let judge: @Sendable (RealmWitness) -> RealmKeys.WitnessVerdict

  /// - Parameter realm: the SHA-256 of the realm's first identity key, 32 bytes.
  public init(
    realm: [UInt8], witness: @escaping @Sendable () -> RealmWitness,
    judge: @escaping @Sendable (RealmWitness) -> RealmKeys.WitnessVerdict
  ) {
    precondition(realm.count == 32)
    id = realm
    self.witness = witness
    self.judge = judge
  }

  private var columns: [String?] {
    let mine = witness()
    return [id, mine.identity, mine.sealed].map { Hexadecimal.encode($0) }
  }

  /// Makes the store this realm's if it is nobody's.
  func stake(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try connection.run(
      """
      INSERT INTO trent.realm (id, identity, witness) VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING
      """, columns)
  }

  /// Refuses another realm's store, and one whose keys have been replaced.
  ///
  /// - Returns: whether its keys are these; false: these have taken their place.
  func isUpToDate(_ connection: borrowing StoreConnection) throws(StoreFailure) -> Bool {
    let found = try connection.run("SELECT id, identity, witness FROM trent.realm")
    guard found.rowCount == 1, found.text(0, 0) == Hexadecimal.encode(id) else {
      throw StoreFailure(.unsuitable, "it belongs to another kdc.key")
    }
    guard let identity = found.text(0, 1).flatMap({ Hexadecimal.decode($0.utf8) }),
      let sealed = found.text(0, 2).flatMap({ Hexadecimal.decode($0.utf8) })
    else { throw StoreFailure(.unsuitable, "what it says of its realm is damaged") }
    switch judge(RealmWitness(identity: identity, sealed: sealed)) {
    case .present: return true
    case .former: return false
    case .unknown:
      throw StoreFailure(
        .unsuitable, "its keys have been replaced: copy the present kdc.key to this machine")
    }
  }

  /// From now on a KDC with the keys of before is refused.
  func adopt(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try connection.run(
      "UPDATE trent.realm SET identity = $2, witness = $3 WHERE id = $1", columns)
  }
}
#endif
