internal import Transport
internal import Wire

/// Tries again what has failed for a reason that may pass, for a limited time. The time begins
/// anew when the transfer has come further than before.
final class Retries {
  private static let firstPause = Interval.seconds(1)
  private static let longestPause = Interval.seconds(10)

  private let limit: Interval
  private let person: any Person
  private let wait: (Deadline) -> Void
  private let random: (UInt64) -> UInt64
  /// When to give up; nil while all is well.
  private var end: Deadline?
  private var pause = Retries.firstPause
  /// How far the transfer has come; nil before it began.
  private var best: UInt64?

  /// - Parameters:
  ///   - wait: returns at the given moment.
  ///   - random: picks a number up to a limit, which it may be.
  init(
    for limit: Interval, person: any Person,
    wait: @escaping (Deadline) -> Void = { _ = try? Polling.wait(for: [], until: $0) },
    random: @escaping (UInt64) -> UInt64 = { .random(in: 0...$0) }
  ) {
    self.random = random
    self.limit = limit
    self.person = person
    self.wait = wait
  }

  /// Tells that so many bytes have come through so far.
  func note(progress byteCount: UInt64) {
    if let best, byteCount <= best { return }
    best = byteCount
    end = nil
    pause = Self.firstPause
  }

  /// Runs `attempt` until it goes well, or its failure is one that stays, or the time is over.
  func run<Value: ~Copyable>(
    _ attempt: () throws(ClientFailure) -> Value
  ) throws(ClientFailure) -> Value {
    while true {
      do throws(ClientFailure) {
        return try attempt()
      } catch {
        guard error.isPassing else { throw error }
        try goOn(after: error)
      }
    }
  }

  private func goOn(after failure: ClientFailure) throws(ClientFailure) {
    let end = self.end ?? .after(limit)
    guard !end.hasPassed else { throw failure }
    if self.end == nil {
      person.say("\(failure) Trying again.")
    } else {
      person.explain("\(failure) Trying again.")
    }
    self.end = end
    // Half of it at least: those whom one KDC has left alone do not come back all at once.
    let half = pause.milliseconds / 2
    wait(min(end, .after(.milliseconds(half + random(half)))))
    pause = min(Self.longestPause, Interval(milliseconds: 2 * pause.milliseconds))
  }
}
