public import Wire

/// Delays that double with every failure.
public struct BackOffRule: Hashable, Sendable {
  /// How many failures cost nothing.
  public var freeFailures: Int
  /// After the first failure that is not free. Each further one doubles it.
  public var firstDelay: Interval
  /// However many failures there are.
  public var longestDelay: Interval
  /// One failure is forgiven for every such time without another.
  public var forgiveness: Interval

  /// A rule, as an operator sets it.
  public init(
    freeFailures: Int, firstDelay: Interval, longestDelay: Interval, forgiveness: Interval
  ) {
    self.freeFailures = freeFailures
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.forgiveness = forgiveness
  }

  /// How long to wait after so many failures.
  func delay(after failures: Int) -> Interval {
    guard failures >= freeFailures, failures > 0 else { return .milliseconds(0) }
    let doublings = min(failures - freeFailures, 40)
    let (delay, overflow) = firstDelay.milliseconds.multipliedReportingOverflow(by: 1 << doublings)
    return overflow ? longestDelay : min(.milliseconds(delay), longestDelay)
  }
}

/// How often each of many keys has failed, and how long it therefore has to wait.
///
/// An attempt is charged as a failure when it is let through, and refunded when it turns out right:
/// of many attempts at one time no more get through than if they came one after the other.
struct BackOff {
  struct Mark: CrowdedMark {
    var failures: UInt32 = 0
    /// The time of the last one in milliseconds.
    var last: UInt64 = 0

    static let blank = Mark()

    func isLighter(than other: Mark) -> Bool {
      (failures, last) < (other.failures, other.last)
    }

    mutating func merge(_ other: Mark) {
      failures = max(failures, other.failures)
      last = max(last, other.last)
    }
  }

  /// An attempt that was let through.
  struct Charge {
    fileprivate let key: UInt64
    fileprivate let before: Mark
    fileprivate let after: Mark
  }

  private var table: CrowdedTable<Mark>

  init(capacity: Int) { table = CrowdedTable(capacity: capacity) }

  /// How long this key still has to wait; nil if it has not.
  func wait(of key: UInt64, at now: Timestamp, _ rule: BackOffRule) -> Interval? {
    Self.wait(after: table[key], at: now, rule)
  }

  private static func wait(
    after mark: Mark, at now: Timestamp, _ rule: BackOffRule
  ) -> Interval? {
    // A clock that is set back makes nobody wait longer than the delay.
    let delay = rule.delay(after: failures(of: mark, at: now, rule))
    let gone = now.since(Timestamp(milliseconds: mark.last))
    guard gone < delay else { return nil }
    return .milliseconds(delay.milliseconds - gone.milliseconds)
  }

  private static func failures(of mark: Mark, at now: Timestamp, _ rule: BackOffRule) -> Int {
    let gone = now.since(Timestamp(milliseconds: mark.last))
    let forgiven = gone.milliseconds / max(1, rule.forgiveness.milliseconds)
    return Int(mark.failures) - Int(min(forgiven, UInt64(mark.failures)))
  }

  mutating func charge(_ key: UInt64, at now: Timestamp, _ rule: BackOffRule) -> Charge {
    let before = table[key]
    let failures = Self.failures(of: before, at: now, rule)
    let after = Mark(failures: UInt32(clamping: failures + 1), last: now.milliseconds)
    table[key] = after
    return Charge(key: key, before: before, after: after)
  }

  mutating func refund(_ charge: Charge) {
    var mark = table[charge.key]
    guard mark != charge.after else {
      table[charge.key] = charge.before
      return
    }
    // Others have failed meanwhile.
    guard mark.failures > 0 else { return }
    mark.failures -= 1
    table[charge.key] = mark
  }

  /// How many keys have to wait.
  func countWaiting(at now: Timestamp, _ rule: BackOffRule) -> Int {
    table.count { Self.wait(after: $0, at: now, rule) != nil }
  }
}
