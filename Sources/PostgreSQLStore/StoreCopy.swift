#if PostgreSQL
public import Directory
internal import KeyDistribution
public import Wire

/// Whole realms into a store and out of it: complete and compared, or not at all.
public enum StoreCopy {
  // MARK: In

  /// Fills a store that has its tables and nothing in them. Nobody sees anything before all of it
  /// is there and the same as in `content`.
  ///
  /// - Parameter claim: whose it becomes.
  public static func fill(
    _ address: StoreAddress, from content: some RealmContent, of claim: RealmClaim,
    at now: Timestamp
  ) throws(DirectoryUnavailable) -> RealmSum {
    try telling {
      let store = try StoreSnapshot(address, isolation: "ISOLATION LEVEL READ COMMITTED")
      try prepare(store, for: claim)
      let expected = try RealmSum(of: content, at: now)
      try insert(content, into: store, at: now)
      guard try RealmSum(of: store, at: now) == expected else {
        throw StoreFailure(.unsuitable, "what was read back differs: nothing was copied")
      }
      try store.connection.runScript("COMMIT")
      return expected
    }
  }

  private static func prepare(_ store: StoreSnapshot, for claim: RealmClaim) throws(StoreFailure) {
    try store.connection.runScript(
      "SET LOCAL trent.quiet = on; LOCK trent.realm, trent.users IN EXCLUSIVE MODE")
    try claim.stake(store.connection)
    if try !claim.isUpToDate(store.connection) { try claim.adopt(store.connection) }
    let found = try store.connection.run("SELECT EXISTS (SELECT FROM trent.users)")
    guard found.text(0, 0) == "f" else {
      throw StoreFailure(.unsuitable, "there are users in it already")
    }
  }

  private static func insert(
    _ content: some RealmContent, into store: StoreSnapshot, at now: Timestamp
  ) throws {
    let users = RowWriter(
      store, "trent.users (name, kvno, state, line)", ["text", "bigint", "text", "text"])
    try content.visitUsers { users.add(StoreChange.columns($0)) }
    try users.finish()
    let presences = RowWriter(
      store, "trent.presences (name, login_time, login_end, service, line, announced)",
      ["text", "bigint", "bigint", "smallint", "text", "bigint"])
    for presence in try content.presences(at: now) {
      presences.add(StoreChange.columns(presence) + [StoreChange.text(now)])
    }
    try presences.finish()
    let deposits = RowWriter(
      store, "trent.deposits (name, login_time, until, line)",
      ["text", "bigint", "bigint", "text"])
    for record in try content.deposits(at: now) { deposits.add(StoreChange.columns(record)) }
    try deposits.finish()
    let invitations = RowWriter(
      store, "trent.invitations (hash, name, expires, user_name, user_kvno)",
      ["text", "text", "bigint", "text", "bigint"])
    for invitation in try content.invitations(at: now) {
      let record = invitation.record
      invitations.add([
        StoreChange.text(record.hash), record.name?.description, StoreChange.text(record.expires),
        invitation.user?.name.description, invitation.user.map { "\($0.keyVersion)" },
      ])
    }
    try invitations.finish()
  }

  // MARK: Out

  /// Writes the files of a realm: all from one moment. The caller compares them with what is told.
  ///
  /// - Parameter claim: whose the store must be.
  public static func write(
    _ address: StoreAddress, to userFile: String, of claim: RealmClaim, at now: Timestamp
  ) throws(DirectoryUnavailable) -> RealmSum {
    try telling {
      let store = try StoreSnapshot(reading: address)
      _ = try claim.isUpToDate(store.connection)
      let sum = try RealmSum(of: store, at: now)
      try RealmWriter(userFile: userFile, realm: claim.id).write(store, at: now)
      return sum
    }
  }

  private static func telling<Value>(
    _ body: () throws -> Value
  ) throws(DirectoryUnavailable) -> Value {
    do {
      return try body()
    } catch let failure as StoreFailure {
      throw failure.unavailable
    } catch {
      throw DirectoryUnavailable("\(error)")
    }
  }
}

/// Adds rows to a table, many with one statement.
private final class RowWriter {
  private static let batch = 500

  private let store: StoreSnapshot
  private let statement: String
  private var columns: [[String?]]
  private var count = 0
  /// The first thing that went wrong: nothing is sent after it.
  private var failure: StoreFailure?

  /// - Parameter types: of the columns that `table` names.
  init(_ store: StoreSnapshot, _ table: String, _ types: [String]) {
    self.store = store
    let arrays = types.enumerated().map { "$\($0.offset + 1)::\($0.element)[]" }
    statement = "INSERT INTO \(table) SELECT * FROM unnest(\(arrays.joined(separator: ", ")))"
    columns = types.map { _ in [] }
  }

  func add(_ row: [String?]) {
    for (column, value) in row.enumerated() { columns[column].append(value) }
    count += 1
    if count == Self.batch { send() }
  }

  private func send() {
    defer {
      for column in columns.indices { columns[column].removeAll(keepingCapacity: true) }
      count = 0
    }
    guard count > 0, failure == nil else { return }
    do throws(StoreFailure) {
      try store.connection.run(statement, columns.map(Self.array))
    } catch {
      failure = error
    }
  }

  func finish() throws(StoreFailure) {
    send()
    if let failure { throw failure }
  }

  /// An array as the store reads it (PostgreSQL 15, 8.15.2).
  private static func array(_ values: [String?]) -> String {
    let spelled = values.map { value in
      guard let value else { return "NULL" }
      var quoted = "\""
      for character in value {
        if character == "\"" || character == "\\" { quoted.append("\\") }
        quoted.append(character)
      }
      return quoted + "\""
    }
    return "{" + spelled.joined(separator: ",") + "}"
  }
}
#endif
