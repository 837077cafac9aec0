internal import Glibc
public import Wire

/// The clocks of this machine.
public enum SystemClock {
  /// What the machine takes for the time of day.
  public static var now: Timestamp { Timestamp(milliseconds: milliseconds(CLOCK_REALTIME)) }

  /// Milliseconds since the machine started, time asleep included: nobody can set this clock.
  public static var sinceBoot: UInt64 { milliseconds(CLOCK_BOOTTIME) }

  private static func milliseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) * 1000 + UInt64(clamping: time.tv_nsec) / 1_000_000
  }

  /// A moment as RFC 3339 writes it, in UTC, to the millisecond.
  public static func text(_ moment: Timestamp) -> String {
    var seconds = time_t(clamping: moment.milliseconds / 1000)
    var fields = unsafe tm()
    guard unsafe gmtime_r(&seconds, &fields) != nil else { return "unknown" }
    func padded(_ value: Int32, _ width: Int = 2) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let year = unsafe padded(fields.tm_year + 1900, 4)
    let day = unsafe "\(padded(fields.tm_mon + 1))-\(padded(fields.tm_mday))"
    let time = unsafe [fields.tm_hour, fields.tm_min, fields.tm_sec].map { padded($0) }
    let fraction = padded(Int32(moment.milliseconds % 1000), 3)
    return "\(year)-\(day)T" + time.joined(separator: ":") + ".\(fraction)Z"
  }

  /// A moment in the time zone of whoever runs the program, to the second.
  public static func localText(_ moment: Timestamp) -> String {
    var seconds = time_t(clamping: moment.milliseconds / 1000)
    var fields = unsafe tm()
    guard unsafe localtime_r(&seconds, &fields) != nil else { return "unknown" }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let text = buffer.baseAddress,
        unsafe strftime(text, buffer.count, "%Y-%m-%d %H:%M:%S %Z", &fields) > 0
      else { return "unknown" }
      return unsafe String(cString: text)
    }
  }
}
