import Glibc
import Wire

/// The machine's own time.
enum SystemClock {
  static func now() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(
      milliseconds: UInt64(max(0, time.tv_sec)) * 1000 + UInt64(max(0, time.tv_nsec)) / 1_000_000)
  }

  /// A moment as RFC 3339 writes it, in UTC, to the millisecond.
  static func text(_ moment: Timestamp) -> String {
    var seconds = time_t(clamping: moment.milliseconds / 1000)
    var fields = unsafe tm()
    unsafe gmtime_r(&seconds, &fields)
    func padded(_ value: Int32, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = unsafe padded(fields.tm_year + 1900, 4) + "-" + padded(fields.tm_mon + 1, 2)
    let day = unsafe padded(fields.tm_mday, 2)
    let time = unsafe [fields.tm_hour, fields.tm_min, fields.tm_sec].map { padded($0, 2) }
    let millisecond = padded(Int32(moment.milliseconds % 1000), 3)
    return "\(date)-\(day)T" + time.joined(separator: ":") + ".\(millisecond)Z"
  }
}
