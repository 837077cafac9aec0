internal import Glibc
internal import Wire

/// The clocks of this machine.
enum SystemClock {
  /// What the machine takes for the time of day.
  static var wallTime: Timestamp { Timestamp(milliseconds: milliseconds(CLOCK_REALTIME)) }

  /// Milliseconds since the machine started, time asleep included: nobody can set this clock.
  static var bootTime: UInt64 { milliseconds(CLOCK_BOOTTIME) }

  private static func milliseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) * 1000 + UInt64(clamping: time.tv_nsec) / 1_000_000
  }

  /// The present moment in UTC as ISO 8601 has it, to the second.
  static var isoTime: String {
    var seconds = time(nil)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&seconds, &parts) != nil else { return "unknown" }
    func padded(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    let date = unsafe "\(1900 + parts.tm_year)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    return unsafe date
      + "T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))Z"
  }
}
