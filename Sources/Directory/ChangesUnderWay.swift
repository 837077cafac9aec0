internal import Dispatch
internal import Synchronization

/// The changes of users that are on their way from the making of a record to the disk.
///
/// A record is sealed and certified under the keys of the moment when it is made. Whoever replaces
/// a key waits here until all that was made before is on the disk, or has come to nothing, and
/// looks through the file after that: so none comes behind his back.
public final class ChangesUnderWay: Sendable {
  /// When a change began: before or after which `settle`.
  public struct Round: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private struct State {
    var round: UInt64 = 0
    /// How many changes of a round are under way; those of none are not there.
    var counts: [UInt64: Int] = [:]
    /// Who waits for the rounds before one.
    var waiting: [(round: UInt64, done: DispatchSemaphore)] = []
  }

  private let state = Mutex(State())

  public init() {}

  /// Before a record is made. `end` follows, whatever becomes of it.
  public func begin() -> Round {
    state.withLock { state in
      state.counts[state.round, default: 0] += 1
      return Round(number: state.round)
    }
  }

  public func end(_ round: Round) {
    state.withLock { state in
      let left = (state.counts[round.number] ?? 1) - 1
      state.counts[round.number] = left > 0 ? left : nil
      let oldest = state.counts.keys.min() ?? .max
      for waiter in state.waiting where waiter.round <= oldest { waiter.done.signal() }
      state.waiting.removeAll { $0.round <= oldest }
    }
  }

  /// Waits for every change that has begun before this. Never called between `begin` and `end`.
  public func settle() {
    let done = DispatchSemaphore(value: 0)
    let isSettled = state.withLock { state in
      state.round += 1
      guard !state.counts.isEmpty else { return true }
      state.waiting.append((state.round, done))
      return false
    }
    if !isSettled { done.wait() }
  }

  /// How many wait.
  var waitingCount: Int { state.withLock { $0.waiting.count } }
}
