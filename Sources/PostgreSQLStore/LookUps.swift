#if PostgreSQL
internal import Directory
internal import KeyDistribution
internal import Synchronization
internal import Wire

/// What requests ask of the store: from what was found lately, or else all that wait in one
/// statement. Listens to what changes there as well, on the same connection: so a notice never
/// comes before the answers to look-ups that were earlier than the change.
final class LookUps: PipelineSource {
  typealias Answer = @Sendable (Result<Records, DirectoryUnavailable>) -> Void

  private struct LookUp: Sendable {
    let query: RecordQuery
    let names: [PrincipalName]
    let now: Timestamp
    let answer: Answer
  }

  private struct State {
    var cache: PrincipalCache
    var waiting: [LookUp] = []
    /// Nil while there is a connection.
    var absence: StoreFailure? = StoreFailure(.away, "not connected yet")
  }

  /// How many look-ups go into one statement.
  private static let batchLimit = 256

  private let state: Mutex<State>
  private let members: Membership
  private let report: @Sendable (String) -> Void
  /// Told once for each time that the connection is lost.
  private let isToldAbsent = Atomic<Bool>(false)

  /// - Parameter lifetime: how long what was found may be told again.
  init(
    lifetime: Duration, members: Membership, report: @escaping @Sendable (String) -> Void
  ) {
    state = Mutex(State(cache: PrincipalCache(lifetime: lifetime)))
    self.members = members
    self.report = report
  }

  // MARK: Asking

  /// What was found lately, if that will do.
  func recall(_ query: RecordQuery, at now: Timestamp) -> Records? {
    guard query.acceptsCopies, query.services == nil else { return nil }
    let names = Self.names(of: query)
    return state.withLock { state in
      Self.records(for: query, at: now, of: names, { state.cache.find($0) })
    }
  }

  /// - Returns: whether there is something new to be sent.
  func ask(_ query: RecordQuery, at now: Timestamp, answer: @escaping Answer) -> Bool {
    let lookUp = LookUp(query: query, names: Self.names(of: query), now: now, answer: answer)
    let absence = state.withLock { state in
      if state.absence == nil { state.waiting.append(lookUp) }
      return state.absence
    }
    if let absence { answer(.failure(absence.unavailable)) }
    return absence == nil
  }

  private static func names(of query: RecordQuery) -> [PrincipalName] {
    var names: [PrincipalName] = []
    for name in query.users { names.append(name) }
    for name in query.presences where !names.contains(name) { names.append(name) }
    if let name = query.deposits, !names.contains(name) { names.append(name) }
    return names
  }

  /// Nil when one of the names is not known.
  private static func records(
    for query: RecordQuery, at now: Timestamp, of names: [PrincipalName],
    _ find: (PrincipalName) -> Principal?
  ) -> Records? {
    var records = Records()
    for name in names {
      guard let principal = find(name) else { return nil }
      if query.users.contains(name) { records.users[name] = principal.user }
      if query.presences.contains(name), let presence = principal.presence,
        presence.loginEnd > now
      {
        records.presences[name] = presence
      }
      if query.deposits == name, let deposits = principal.deposits, deposits.until > now {
        records.deposits = deposits
      }
    }
    return records
  }

  /// The name has changed by our own doing.
  func forget(_ name: PrincipalName) { state.withLock { $0.cache.forget(name) } }

  // MARK: The connection

  func opened(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try connection.run("LISTEN \(Schema.channel)")
    try members.join(connection)
    state.withLock { state in
      state.absence = nil
      // Nobody has told what has changed meanwhile.
      state.cache.forgetAll()
    }
    if isToldAbsent.exchange(false, ordering: .relaxed) { report("the store is back") }
  }

  func closed(because failure: StoreFailure) {
    let waiting = state.withLock { state in
      state.absence = failure
      defer { state.waiting = [] }
      return state.waiting
    }
    for lookUp in waiting { lookUp.answer(.failure(failure.unavailable)) }
    guard failure.kind != .ended else { return }
    if !isToldAbsent.exchange(true, ordering: .relaxed) {
      report("the store cannot be used: \(failure.reason)")
    }
  }

  func noticed(_ notice: StoreConnection.Notice) {
    switch StoreNotice(notice.text) {
    case .changed(let name): forget(name)
    case .wrongProof(let replica, let proof): members.take(proof, from: replica)
    case nil: state.withLock { $0.cache.forgetAll() }
    }
  }

  func next() -> Batch? {
    let (lookUps, sent) = state.withLock { state in
      let count = min(state.waiting.count, Self.batchLimit)
      let lookUps = [LookUp](state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      return (lookUps, state.cache.now)
    }
    guard let now = lookUps.map(\.now).max() else { return nil }
    let names = Set(lookUps.flatMap(\.names))
    var commands = [
      Command(
        .principals,
        // Nothing in a name has to be escaped, but somebody may be called null.
        [
          "{\(names.map { "\"\($0)\"" }.joined(separator: ","))}", "\(Self.alive(at: now))",
          "\(now.milliseconds)",
        ])
    ]
    for lookUp in lookUps {
      guard let query = lookUp.query.services else { continue }
      commands.append(
        Command(
          .servers,
          [
            "\(query.service.rawValue)", query.after?.description ?? "",
            "\(Self.alive(at: lookUp.now))", "\(lookUp.now.milliseconds)",
          ]))
    }
    return Batch(commands: commands) { [self] results in
      take(results, for: lookUps, sent: sent)
    }
  }

  /// The earliest announcement of which a presence is alive now.
  static func alive(at now: Timestamp) -> UInt64 { (now - PresenceTable.lifetime).milliseconds }

  // MARK: Answers

  private func take(
    _ results: Result<[StoreResult], StoreFailure>, for lookUps: [LookUp],
    sent: PrincipalCache.Moment
  ) {
    let rows: [StoreResult]
    switch results {
    case .success(let results): rows = results
    case .failure(let failure):
      for lookUp in lookUps { lookUp.answer(.failure(failure.unavailable)) }
      return
    }
    let found = principals(in: rows[0])
    let moment = ContinuousClock.now
    state.withLock { state in
      for (name, principal) in found {
        state.cache.insert(principal, of: name, sent: sent, at: moment)
      }
    }
    var servers = rows.dropFirst().makeIterator()
    for lookUp in lookUps {
      var records = Self.records(
        for: lookUp.query, at: lookUp.now, of: lookUp.names, { found[$0] })
      if lookUp.query.services != nil, let row = servers.next() {
        records?.services = (0..<row.rowCount).compactMap { number in
          row.text(number, 0).flatMap { PrincipalName($0) }
        }
      }
      guard let records else {
        lookUp.answer(.failure(DirectoryUnavailable("a record in the store is damaged")))
        continue
      }
      lookUp.answer(.success(records))
    }
  }

  /// What is in the rows. A name with a damaged user is left out: it is neither free nor known. A
  /// login whose line is damaged is none, as in files. All of that is told.
  private func principals(in rows: StoreResult) -> [PrincipalName: Principal] {
    var found: [PrincipalName: Principal] = [:]
    for row in 0..<rows.rowCount {
      guard let name = rows.text(row, 0).flatMap({ PrincipalName($0) }) else { continue }
      let user = record(of: name, in: rows, row, 1) { RecordLines.user($0) }
      let principal = Principal(
        user: user, presence: record(of: name, in: rows, row, 2) { RecordLines.presence($0) },
        deposits: record(of: name, in: rows, row, 3) { RecordLines.deposits($0) })
      if user != nil || rows.isNull(row, 1) { found[name] = principal }
    }
    return found
  }

  private func record<Record: PrincipalRecord>(
    of name: PrincipalName, in rows: StoreResult, _ row: Int, _ column: Int,
    _ parse: (RawSpan) -> Record?
  ) -> Record? {
    guard !rows.isNull(row, column) else { return nil }
    if let record = rows.withValue(row, column, parse), record.name == name { return record }
    report("a record of \(name) is damaged")
    return nil
  }
}
#endif
