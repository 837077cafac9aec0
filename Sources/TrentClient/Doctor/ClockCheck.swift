internal import Wire

/// This machine's clock against the KDC's, both as they are at the same moment.
enum ClockCheck {
  private static let subject = "clock"
  /// Beyond it, something in this program minds.
  static let tolerance = Interval.minutes(2)
  /// Beyond it, nothing goes on: the tolerance of a first contact, and of peers' own clocks (U4).
  static let limit = Interval.days(1)

  static func finding(own: Timestamp, kdc: Timestamp) -> Finding {
    let difference = max(own.since(kdc), kdc.since(own))
    let direction = own < kdc ? "behind" : "ahead of"
    let text = "this machine's clock is \(length(difference)) \(direction) the KDC's"
    let advice =
      "find out which of the two is wrong, and set it: timedatectl set-ntp true on this machine, "
      + "or tell the KDC's operator"
    if difference > limit {
      return .problem(
        subject, text + ": peers are refused, and so is a KDC at a first contact", advice: advice)
    }
    if difference > tolerance {
      return .warning(
        subject,
        text + ": transfers go by the KDC's time, but times that are shown or written down are off",
        advice: advice)
    }
    return .ok(subject, text)
  }

  /// In seconds, to a tenth where that says something.
  private static func length(_ interval: Interval) -> String {
    let (seconds, rest) = interval.milliseconds.quotientAndRemainder(dividingBy: 1000)
    return seconds < 10 ? "\(seconds).\(rest / 100) s" : "\(seconds) s"
  }
}
