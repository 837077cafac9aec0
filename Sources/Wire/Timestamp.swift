/// A moment in milliseconds since 1970-01-01 00:00 UTC, by the clock that the context names.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Since 1970-01-01 00:00 UTC.
  public var milliseconds: UInt64

  /// Since 1970-01-01 00:00 UTC.
  public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Saturates instead of overflowing: a moment may come from outside.
  public static func + (left: Timestamp, interval: Interval) -> Timestamp {
    let (sum, overflow) = left.milliseconds.addingReportingOverflow(interval.milliseconds)
    return Timestamp(milliseconds: overflow ? .max : sum)
  }

  /// Saturates at 1970.
  public static func - (left: Timestamp, interval: Interval) -> Timestamp {
    Timestamp(
      milliseconds: left.milliseconds < interval.milliseconds
        ? 0 : left.milliseconds - interval.milliseconds)
  }

  /// How long `other` was before this moment; zero if it was not.
  public func since(_ other: Timestamp) -> Interval {
    Interval(
      milliseconds: milliseconds < other.milliseconds ? 0 : milliseconds - other.milliseconds)
  }
}

/// A length of time in milliseconds.
public struct Interval: Hashable, Comparable, Sendable {
  /// Its length.
  public var milliseconds: UInt64

  /// Of so many milliseconds.
  public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  /// Of so many milliseconds.
  public static func milliseconds(_ count: UInt64) -> Interval { Interval(milliseconds: count) }
  /// Of so many seconds.
  public static func seconds(_ count: UInt64) -> Interval { Interval(milliseconds: count * 1000) }
  /// Of so many minutes.
  public static func minutes(_ count: UInt64) -> Interval { seconds(count * 60) }
  /// Of so many hours.
  public static func hours(_ count: UInt64) -> Interval { minutes(count * 60) }
  /// Of so many days.
  public static func days(_ count: UInt64) -> Interval { hours(count * 24) }

  /// As people write it: 90s, 30m, 12h or 7d. Nil for anything else.
  public init?(_ text: String) {
    let units: [Character: Interval] = [
      "s": .seconds(1), "m": .minutes(1), "h": .hours(1), "d": .days(1),
    ]
    guard let unit = text.last.flatMap({ units[$0] }), text.utf8.first != UInt8(ascii: "+"),
      let count = UInt32(text.dropLast())
    else { return nil }
    self.init(milliseconds: UInt64(count) * unit.milliseconds)
  }

  /// Saturates instead of overflowing.
  public static func + (left: Interval, right: Interval) -> Interval {
    let (sum, overflow) = left.milliseconds.addingReportingOverflow(right.milliseconds)
    return Interval(milliseconds: overflow ? .max : sum)
  }

  public static func < (left: Interval, right: Interval) -> Bool {
    left.milliseconds < right.milliseconds
  }
}

extension ByteWriter {
  /// A moment in its eight bytes.
  public mutating func timestamp(_ moment: Timestamp) { uint64(moment.milliseconds) }
}

extension ByteReader {
  /// A moment; every number of milliseconds is one.
  @_lifetime(self: copy self)
  public mutating func timestamp() throws(WireError) -> Timestamp {
    Timestamp(milliseconds: try uint64())
  }
}
