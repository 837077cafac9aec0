#if PostgreSQL
internal import Directory
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What is in a store at one moment, gone through over a connection of its own.
final class StoreSnapshot: RealmContent {
  /// How many rows are fetched at a time.
  private static let page = 1000

  let connection: StoreConnection

  /// - Parameter isolation: `SET TRANSACTION` as SQL has it.
  init(_ address: StoreAddress, isolation: String) throws(StoreFailure) {
    // Whole realms take their time, and a lock may have to be waited for.
    connection = try StoreConnection(address, purpose: "command", patience: .seconds(60))
    try Schema.check(connection)
    try connection.runScript("BEGIN TRANSACTION \(isolation)")
  }

  /// Of whoever only reads.
  convenience init(reading address: StoreAddress) throws(StoreFailure) {
    try self.init(address, isolation: "ISOLATION LEVEL REPEATABLE READ, READ ONLY")
  }

  func visitUsers(_ body: (UserRecord) -> Void) throws(DirectoryUnavailable) {
    try visit("trent.users", where: "true", as: { RecordLines.user($0) }, body: body)
  }

  func presences(at now: Timestamp) throws(DirectoryUnavailable) -> [PresenceRecord] {
    var records: [PresenceRecord] = []
    let isAlive = "announced > \(LookUps.alive(at: now)) AND login_end > \(now.milliseconds)"
    try visit(
      "trent.presences", where: isAlive, as: { RecordLines.presence($0) },
      body: { records.append($0) })
    return records
  }

  func deposits(at now: Timestamp) throws(DirectoryUnavailable) -> [DepositRecord] {
    var records: [DepositRecord] = []
    try visit(
      "trent.deposits", where: "until > \(now.milliseconds)",
      as: { RecordLines.deposits($0) }, body: { records.append($0) })
    return records
  }

  func invitations(at now: Timestamp) throws(DirectoryUnavailable) -> [InvitationState] {
    let rows: StoreResult
    do throws(StoreFailure) {
      rows = try connection.run(
        """
        SELECT hash, name, expires, user_name, user_kvno FROM trent.invitations
        WHERE expires > $1::bigint
        """, ["\(now.milliseconds)"])
    } catch {
      throw error.unavailable
    }
    var found: [InvitationState] = []
    for row in 0..<rows.rowCount {
      guard let invitation = InvitationState(rows, row) else {
        throw DirectoryUnavailable("an invitation in the store is damaged")
      }
      found.append(invitation)
    }
    return found
  }

  /// Goes through a table by name.
  private func visit<Record>(
    _ table: String, where condition: String, as record: (RawSpan) -> Record?,
    body: (Record) -> Void
  ) throws(DirectoryUnavailable) {
    var last = ""
    while true {
      let rows: StoreResult
      do throws(StoreFailure) {
        rows = try connection.run(
          """
          SELECT name, line FROM \(table) WHERE name > $1 AND \(condition)
          ORDER BY name LIMIT \(Self.page)
          """, [last])
      } catch {
        throw error.unavailable
      }
      for row in 0..<rows.rowCount {
        last = rows.text(row, 0) ?? last
        guard let found = rows.withValue(row, 1, record) else {
          throw DirectoryUnavailable("the record of \(last) in the store is damaged")
        }
        body(found)
      }
      if rows.rowCount < Self.page { return }
    }
  }
}

extension InvitationState {
  /// Nil for a row that none of ours can look like.
  fileprivate init?(_ rows: StoreResult, _ row: Int) {
    guard let hash = rows.text(row, 0).flatMap({ Hexadecimal.decode($0.utf8) }),
      hash.count == InvitationRecord.hashByteCount,
      let expires = rows.text(row, 2).flatMap({ UInt64($0) })
    else { return nil }
    let name = rows.text(row, 1).map { PrincipalName($0) }
    let userName = rows.text(row, 3).map { PrincipalName($0) }
    let version = rows.text(row, 4).flatMap { UInt32($0) }
    if case .some(nil) = name { return nil }
    if case .some(nil) = userName { return nil }
    guard (userName == nil) == (version == nil) else { return nil }
    let user: UserKey? =
      if case .some(let found?) = userName, let version {
        UserKey(name: found, keyVersion: version)
      } else {
        nil
      }
    self.init(
      InvitationRecord(
        hash: hash, name: name ?? nil, expires: Timestamp(milliseconds: expires)), user: user)
  }
}
#endif
