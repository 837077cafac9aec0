#if PostgreSQL
internal import Directory
internal import KeyDistribution
internal import Synchronization
internal import Wire

/// A change on its way to the store.
struct StoreChange: Sendable {
  let command: Command
  /// Whose record changes; nil: nobody's.
  let name: PrincipalName?
  let outcome: @Sendable (borrowing StoreResult) -> ChangeOutcome
  let answer: @Sendable (ChangeOutcome) -> Void
  /// How often it was sent alone, and refused because of what others did at that moment.
  var collisions = 0

  /// Rows are locked in this order, so that transactions of several KDCs never wait for each other
  /// in a circle.
  var order: String { name?.description ?? "" }
}

/// Changes that all that wait make in one transaction (group commit).
final class Changes: PipelineSource {
  private struct State {
    var waiting: [StoreChange] = []
    /// Those of transactions that were refused, the next one last: one of them each time, to know
    /// which it was.
    var retried: [StoreChange] = []
    /// How many transactions are on their way.
    var flying = 0
    /// How many changes of a name are on their way or are tried again. Others of that name wait, so
    /// that they stay in their order.
    var busy: [PrincipalName: Int] = [:]
    /// Nil while there is a connection.
    var absence: StoreFailure? = StoreFailure(.away, "not connected yet")

    /// The next transaction; empty: there is none now.
    mutating func take(limit: Int) -> [StoreChange] {
      guard retried.isEmpty else { return flying == 0 ? [retried.removeLast()] : [] }
      var taken: [StoreChange] = []
      var left: [StoreChange] = []
      var end = 0
      while end < waiting.count, taken.count < limit {
        let change = waiting[end]
        let mayGo = change.name.map { busy[$0] == nil } ?? true
        if mayGo { taken.append(change) } else { left.append(change) }
        end += 1
      }
      waiting.replaceSubrange(..<end, with: left)
      for name in taken.compactMap(\.name) { busy[name, default: 0] += 1 }
      return taken
    }

    /// It is answered.
    mutating func release(_ change: StoreChange) {
      guard let name = change.name, let count = busy[name] else { return }
      busy[name] = count > 1 ? count - 1 : nil
    }
  }

  /// How many changes are one transaction at most.
  private static let batchLimit = 256
  /// Deadlock, serialization failure (PostgreSQL 15, appendix A).
  private static let collisions: Set = ["40P01", "40001"]
  private static let collisionLimit = 5

  private let state = Mutex(State())
  private let lookUps: LookUps
  private let members: Membership?
  private let report: @Sendable (String) -> Void

  /// - Parameters:
  ///   - lookUps: is told what has changed before anybody else is.
  ///   - members: whoever has the store alone keeps these changes away.
  init(
    lookUps: LookUps, members: Membership?, report: @escaping @Sendable (String) -> Void
  ) {
    self.lookUps = lookUps
    self.members = members
    self.report = report
  }

  /// - Returns: whether there is something new to be sent.
  func make(_ change: StoreChange) -> Bool {
    let isAbsent = state.withLock { state in
      if state.absence == nil { state.waiting.append(change) }
      return state.absence != nil
    }
    if isAbsent { change.answer(.failed) }
    return !isAbsent
  }

  func opened(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try members?.accompany(connection)
    state.withLock { $0.absence = nil }
  }

  func closed(because failure: StoreFailure) {
    let waiting = state.withLock { state in
      state.absence = failure
      defer { (state.waiting, state.retried, state.busy) = ([], [], [:]) }
      return state.retried + state.waiting
    }
    for change in waiting { change.answer(.failed) }
  }

  func noticed(_ notice: StoreConnection.Notice) {}

  func next() -> Batch? {
    let changes = state.withLock { state in
      let changes = state.take(limit: Self.batchLimit)
      if !changes.isEmpty { state.flying += 1 }
      return changes
    }
    guard !changes.isEmpty else { return nil }
    // Changes of one name stay in their order.
    let places = changes.indices.sorted { left, right in
      (changes[left].order, left) < (changes[right].order, right)
    }
    let ordered = places.map { changes[$0] }
    return Batch(commands: ordered.map(\.command)) { [self] in take($0, for: ordered) }
  }

  private func take(_ results: Result<[StoreResult], StoreFailure>, for changes: [StoreChange]) {
    state.withLock { $0.flying -= 1 }
    switch results {
    case .success(let results):
      for (change, result) in zip(changes, results) { end(change, change.outcome(result)) }
    case .failure(let failure):
      if case .refused(let state) = failure.kind {
        if isTriedAgain(changes, state: state) { return }
        report("a change was refused: \(failure.reason)")
      }
      // It may have been made nevertheless.
      for change in changes { end(change, .failed) }
    }
  }

  private func end(_ change: StoreChange, _ outcome: ChangeOutcome) {
    state.withLock { $0.release(change) }
    if let name = change.name { lookUps.forget(name) }
    change.answer(outcome)
  }

  /// Whether those who were refused together, or by chance, get another chance.
  private func isTriedAgain(_ changes: [StoreChange], state code: String) -> Bool {
    var changes = changes
    if changes.count == 1 {
      guard Self.collisions.contains(code), changes[0].collisions < Self.collisionLimit else {
        return false
      }
      changes[0].collisions += 1
    }
    state.withLock { $0.retried += changes.reversed() }
    return true
  }
}
#endif
