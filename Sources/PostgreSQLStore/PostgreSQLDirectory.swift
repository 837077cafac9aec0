#if PostgreSQL
public import Directory
public import KeyDistribution
internal import Synchronization
public import Wire

/// The directory of KDCs that share PostgreSQL: any number of them answer for one realm.
///
/// Look-ups and changes have connections of their own, and presence, which may be lost with a
/// server, does not wait for users, which may not. What was found is told again for `lifetime` at
/// most, and no longer once the store has told that it has changed: that is the bound on how long
/// KDCs may differ.
public final class PostgreSQLDirectory: RealmStore {
  /// How long what was found may be told again when no notice comes.
  public static let lifetime = Duration.seconds(5)
  /// How long wrong proofs are kept for KDCs that start later.
  private static let memory = Interval.hours(24)
  private static let countInterval = Interval.seconds(15)
  private static let tidyInterval = Interval.minutes(10)
  /// How many wrong proofs are shared a second, and kept.
  private static let sharesPerSecond = 100

  public let changes = ChangesUnderWay()

  private struct Times {
    /// Nil: never before.
    var count: Timestamp?
    var tidy: Timestamp?
    var shareSecond: UInt64 = 0
    var shares = 0
  }

  private let address: StoreAddress
  private let claim: RealmClaim
  private let members: Membership
  private let lookUps: LookUps
  private let durable: Changes
  private let loose: Changes
  private let reading: Pipeline
  private let durableWriting: Pipeline
  private let looseWriting: Pipeline
  private let times = Mutex(Times())
  private let counted = Mutex(StoreFigures(names: 0, receivers: 0, openInvitations: 0))

  /// Connects to a store that has its tables.
  ///
  /// - Parameters:
  ///   - claim: whose it must be.
  ///   - now: KDC time.
  ///   - isAlone: whether no other KDC or command may have the store meanwhile.
  ///   - lifetime: how long what was found may be told again when no notice comes.
  ///   - take: is told, on any thread, the wrong proofs that other KDCs have seen, also before
  ///     this.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    _ address: StoreAddress, of claim: RealmClaim, at now: Timestamp, isAlone: Bool = false,
    lifetime: Duration = PostgreSQLDirectory.lifetime,
    take: @escaping @Sendable (WrongProof) -> Void = { _ in },
    report: @escaping @Sendable (String) -> Void
  ) throws(DirectoryUnavailable) {
    self.address = address
    self.claim = claim
    let replica = String(UInt64.random(in: 0...(.max)), radix: 36)
    members = Membership(
      claim: claim, replica: replica, isAlone: isAlone,
      since: now - Self.memory, take: take)
    lookUps = LookUps(lifetime: lifetime, members: members, report: report)
    durable = Changes(lookUps: lookUps, members: members, report: report)
    loose = Changes(lookUps: lookUps, members: nil, report: report)
    reading = Pipeline(
      address, .init(purpose: "look-ups", session: Self.byKey, depth: 4, patience: .seconds(2)),
      for: lookUps)
    durableWriting = Pipeline(
      address,
      .init(
        purpose: "changes", session: Self.byKey + [Self.durably], depth: 2,
        patience: .seconds(10)),
      for: durable)
    looseWriting = Pipeline(
      address,
      .init(
        purpose: "presence", session: Self.byKey + ["SET synchronous_commit = off"], depth: 2,
        patience: .seconds(10)),
      for: loose)
    // What is wrong from the start is told at once.
    do throws(DirectoryUnavailable) {
      for pipeline in [reading, durableWriting, looseWriting] { try pipeline.start() }
    } catch {
      close()
      throw error
    }
  }

  /// Everything is asked for by its key, also where the server has not counted its rows yet.
  private static let byKey = [
    "SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_mergejoin = off",
    "SET plan_cache_mode = force_generic_plan",
    // What costs more than it is thought to is not worth a compiler, which takes 150 ms.
    "SET jit = off",
  ]

  /// Whatever the server is set to: what was acknowledged is there after a crash.
  private static let durably = """
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'
    """

  // MARK: For requests

  public func recordsAtHand(_ query: RecordQuery, at now: Timestamp) -> Records? {
    lookUps.recall(query, at: now)
  }

  public func lookUp(
    _ query: RecordQuery, at now: Timestamp,
    answer: @escaping @Sendable (Result<Records, DirectoryUnavailable>) -> Void
  ) {
    if lookUps.ask(query, at: now, answer: answer) { reading.ring() }
  }

  public func apply(
    _ change: DirectoryChange, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    if case .update(let record, let keyVersion) = change, record.keyVersion < keyVersion {
      return answer(.conflict)
    }
    let made = StoreChange(change, at: now, answer: answer)
    switch change {
    case .announce, .withdraw: makeLoosely(made)
    default: make(made)
    }
  }

  private func make(_ change: StoreChange) {
    if durable.make(change) { durableWriting.ring() }
  }

  private func makeLoosely(_ change: StoreChange) {
    if loose.make(change) { looseWriting.ring() }
  }

  public func share(_ proof: WrongProof) {
    let second = proof.time.milliseconds / 1000
    let hasRoom = times.withLock { times in
      if times.shareSecond != second { (times.shareSecond, times.shares) = (second, 0) }
      times.shares += 1
      return times.shares <= Self.sharesPerSecond
    }
    if hasRoom { makeLoosely(StoreChange(share: proof, by: members.replica)) }
  }

  // MARK: For operators

  public func visitUsers(_ body: (UserRecord) -> Void) throws(DirectoryUnavailable) {
    try snapshot().visitUsers(body)
  }

  public func presences(at now: Timestamp) throws(DirectoryUnavailable) -> [PresenceRecord] {
    try snapshot().presences(at: now)
  }

  public func deposits(at now: Timestamp) throws(DirectoryUnavailable) -> [DepositRecord] {
    try snapshot().deposits(at: now)
  }

  public func invitations(at now: Timestamp) throws(DirectoryUnavailable) -> [InvitationState] {
    try snapshot().invitations(at: now)
  }

  private func snapshot() throws(DirectoryUnavailable) -> StoreSnapshot {
    do throws(StoreFailure) {
      return try StoreSnapshot(reading: address)
    } catch {
      throw error.unavailable
    }
  }

  public func replace(
    _ former: UserRecord, with record: UserRecord,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    make(StoreChange(replace: former, with: record, answer: answer))
  }

  public func replace(
    _ former: DepositRecord, with record: DepositRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    make(StoreChange(replace: former, with: record, answer: answer))
  }

  public func add(
    _ invitation: InvitationRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    make(StoreChange(add: invitation, at: now, answer: answer))
  }

  public func adoptPresentKeys() throws(DirectoryUnavailable) {
    do throws(StoreFailure) {
      let connection = try StoreConnection(address, purpose: "command")
      try claim.adopt(connection)
    } catch {
      throw error.unavailable
    }
  }

  public func figures(at now: Timestamp) -> StoreFigures { counted.withLock { $0 } }

  public func maintain(at now: Timestamp) {
    let (counts, tidies) = times.withLock { times in
      let counts = times.count.map { now.since($0) >= Self.countInterval } ?? true
      let tidies = times.tidy.map { now.since($0) >= Self.tidyInterval } ?? true
      if counts { times.count = now }
      if tidies { times.tidy = now }
      return (counts, tidies)
    }
    if counts {
      makeLoosely(
        StoreChange(count: now) { [self] figures in counted.withLock { $0 = figures } })
    }
    guard tidies else { return }
    let day = now - Self.memory
    for statement in [
      Statement.forgetPresences, .forgetDeposits, .forgetInvitations, .forgetWrongProofs,
    ] {
      makeLoosely(StoreChange(forget: statement, before: day))
    }
  }

  public func close() {
    let pipelines = [durableWriting, looseWriting, reading]
    for pipeline in pipelines { pipeline.end() }
    for pipeline in pipelines { pipeline.waitForEnd() }
  }
}
#endif
