internal import Wire

/// So many a second, and some at once.
public struct RateRule: Hashable, Sendable {
  /// 0 for no limit.
  public var perSecond: Int
  /// How many may come at once after a pause; at least 1.
  public var burst: Int

  /// A rule, as an operator sets it; 0 a second is no limit.
  public init(perSecond: Int, burst: Int) {
    self.perSecond = perSecond
    self.burst = burst
  }
}

/// How fast each of many keys may go: token buckets, each told by the one moment at which it is
/// full again (the generic cell rate algorithm of ITU-T I.371).
struct RateLimits {
  private struct Mark: CrowdedMark {
    /// When the bucket is full again, in microseconds.
    var full: UInt64 = 0

    static let blank = Mark()
    func isLighter(than other: Mark) -> Bool { full < other.full }
    mutating func merge(_ other: Mark) { full = max(full, other.full) }
  }

  /// How far the moments of threads may be apart, in microseconds, before that counts as a clock
  /// set back.
  private static let clockTolerance: UInt64 = 60_000_000

  private var table: CrowdedTable<Mark>

  init(capacity: Int) { table = CrowdedTable(capacity: capacity) }

  /// Takes one if there is one.
  ///
  /// - Returns: how long to wait for the next; nil if it was taken.
  mutating func take(_ key: UInt64, at now: Timestamp, _ rule: RateRule) -> Interval? {
    guard rule.perSecond > 0 else { return nil }
    let cost = max(1, 1_000_000 / UInt64(rule.perSecond))
    let depth = cost * UInt64(max(1, rule.burst))
    let (now, overflow) = now.milliseconds.multipliedReportingOverflow(by: 1000)
    guard !overflow, now < UInt64.max - 2 * depth - Self.clockTolerance else { return nil }
    var full = max(table[key].full, now)
    // No bucket is so empty: the clock was set back.
    if full > now + depth + Self.clockTolerance { full = now }
    guard full + cost <= now + depth else {
      return .milliseconds((full + cost - now - depth + 999) / 1000)
    }
    table[key] = Mark(full: full + cost)
    return nil
  }
}
