internal import Glibc
public import Wire

/// A moment of the monotonic clock by which something must be done.
///
/// `CLOCK_MONOTONIC` neither jumps when somebody sets the wall clock nor counts time asleep.
public struct Deadline: Hashable, Comparable, Sendable {
  private let nanoseconds: UInt64

  private static let nanosecondsPerMillisecond: UInt64 = 1_000_000

  /// A deadline that never comes.
  public static let never = Deadline(nanoseconds: .max)

  private init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// `interval` from now. One that is longer than the clock can tell never ends.
  public static func after(_ interval: Interval) -> Deadline {
    let (length, tooLong) = interval.milliseconds.multipliedReportingOverflow(
      by: nanosecondsPerMillisecond)
    let (moment, tooLate) = now().addingReportingOverflow(length)
    return tooLong || tooLate ? .never : Deadline(nanoseconds: moment)
  }

  /// The time left, rounded up to a whole millisecond; zero once the deadline has passed.
  public var remaining: Interval {
    let now = Self.now()
    guard nanoseconds > now else { return .milliseconds(0) }
    return .milliseconds((nanoseconds - now - 1) / Self.nanosecondsPerMillisecond + 1)
  }

  public var hasPassed: Bool { Self.now() >= nanoseconds }

  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  private static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
