/// How many events of each kind there were in each of a limited number of equal spans of time. The
/// spans widen as more time has to be covered.
struct TimeSeries {
  enum Kind: Int, CaseIterable {
    case logins, keys, refusals
  }

  /// In seconds; each is a multiple of the one before.
  static let widths = [
    1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_419_200,
    31_449_600, 314_496_000, 3_144_960_000,
  ]
  private static let limit = 96

  private var level = 0
  /// By number of the span since 1970, and kind.
  private var counts: [Int: [Int]] = [:]
  private var first = Int.max
  private var last = Int.min

  /// Of a span, in seconds.
  var width: Int { Self.widths[level] }

  /// The spans, the first and the last one among them; nil when nothing has a time.
  var spans: ClosedRange<Int>? { first <= last ? first...last : nil }

  /// Takes note of a moment.
  mutating func cover(_ seconds: Int) {
    first = min(first, seconds / width)
    last = max(last, seconds / width)
    while last - first >= Self.limit, level + 1 < Self.widths.count { widen() }
  }

  mutating func count(_ kind: Kind, at seconds: Int) {
    cover(seconds)
    var found = counts[seconds / width] ?? [Int](repeating: 0, count: Kind.allCases.count)
    found[kind.rawValue] += 1
    counts[seconds / width] = found
  }

  func count(_ kind: Kind, in span: Int) -> Int { counts[span]?[kind.rawValue] ?? 0 }

  private mutating func widen() {
    let factor = Self.widths[level + 1] / width
    level += 1
    (first, last) = (first / factor, last / factor)
    var wider: [Int: [Int]] = [:]
    for (span, values) in counts {
      let former = wider[span / factor] ?? [Int](repeating: 0, count: values.count)
      wider[span / factor] = zip(former, values).map(+)
    }
    counts = wider
  }
}
