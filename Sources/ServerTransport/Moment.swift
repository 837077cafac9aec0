internal import Glibc
internal import Wire

/// A moment on the clock that nobody sets, in nanoseconds.
struct Moment: Comparable {
  private let nanoseconds: UInt64

  static var now: Moment {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  private init(_ nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Saturates after some five centuries.
  static func + (left: Moment, interval: Interval) -> Moment {
    let (added, isTooLong) = interval.milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, overflow) = left.nanoseconds.addingReportingOverflow(added)
    return Moment(isTooLong || overflow ? .max : sum)
  }

  static func + (left: Moment, microseconds: UInt64) -> Moment {
    Moment(left.nanoseconds + microseconds * 1000)
  }

  /// How long it is until `other`, in whole milliseconds and never too short; 0 if that has passed.
  func milliseconds(until other: Moment) -> Int32 {
    guard other > self else { return 0 }
    return Int32(clamping: (other.nanoseconds - nanoseconds) / 1_000_000 + 1)
  }
}
