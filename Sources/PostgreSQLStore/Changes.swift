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

  /// Rows are locked in this order, so that transactions of several KDCs never wait for each other
  /// in a circle.
  var order: String { name?.description ?? "" }
}

/// Changes that all that wait make in one transaction (group commit).
final class Changes: PipelineSource {
  private struct State {
    var waiting: [StoreChange] = []
    /// Those of a transaction that was refused: one of them each time, to know which it was.
    var retried: [StoreChange] = []
    /// Nil while there is a connection.
    var absence: StoreFailure? = StoreFailure(.away, "not connected yet")
  }

  /// How many changes are one transaction at most.
  private static let batchLimit = 256

  private let state = Mutex(State())
  private let lookUps: LookUps
  private let report: @Sendable (String) -> Void

  /// - Parameter lookUps: is told what has changed before anybody else is.
  init(lookUps: LookUps, report: @escaping @Sendable (String) -> Void) {
    self.lookUps = lookUps
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

  func opened(_ connection: borrowing StoreConnection) { state.withLock { $0.absence = nil } }

  func closed(because failure: StoreFailure) {
    let waiting = state.withLock { state in
      state.absence = failure
      defer { (state.waiting, state.retried) = ([], []) }
      return state.retried + state.waiting
    }
    for change in waiting { change.answer(.failed) }
  }

  func noticed(_ notice: StoreConnection.Notice) {}

  func next() -> Batch? {
    let changes = state.withLock { state -> [StoreChange] in
      if let one = state.retried.popLast() { return [one] }
      let count = min(state.waiting.count, Self.batchLimit)
      let changes = [StoreChange](state.waiting.prefix(count))
      state.waiting.removeFirst(count)
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
    switch results {
    case .success(let results):
      for (change, result) in zip(changes, results) {
        let outcome = change.outcome(result)
        if let name = change.name { lookUps.forget(name) }
        change.answer(outcome)
      }
    case .failure(let failure):
      if case .refused = failure.kind, changes.count > 1 {
        return state.withLock { $0.retried += changes.reversed() }
      }
      if case .refused = failure.kind { report("a change was refused: \(failure.reason)") }
      for change in changes {
        // It may have been made nevertheless.
        if let name = change.name { lookUps.forget(name) }
        change.answer(.failed)
      }
    }
  }
}
#endif
