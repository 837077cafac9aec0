internal import KeyDistribution
internal import SystemClock
internal import Wire

/// What a KDC's authentic replies have told of its time, carried on by this machine's clock of the
/// time since boot.
struct KDCClock: Hashable, Sendable {
  /// KDC time minus the time since boot, in milliseconds; nil before the first authentic reply.
  private(set) var offset: Int64?

  init(offset: Int64? = nil) { self.offset = offset }

  /// - Parameter bootTime: milliseconds since boot.
  mutating func set(to time: Timestamp, bootTime: UInt64 = SystemClock.sinceBoot) {
    // Neither can be negative, so that the difference does not overflow.
    offset = Int64(clamping: time.milliseconds) - Int64(clamping: bootTime)
  }

  /// KDC time; nil before the first authentic reply.
  func time(bootTime: UInt64 = SystemClock.sinceBoot) -> Timestamp? {
    guard let offset else { return nil }
    let (sum, overflow) = Int64(clamping: bootTime).addingReportingOverflow(offset)
    return Timestamp(milliseconds: overflow ? UInt64(Int64.max) : UInt64(clamping: sum))
  }

  /// By what an epoch key is judged.
  var trustedTime: TrustedTime {
    if let time = time() { .kdcClock(time) } else { .wallClock(SystemClock.now) }
  }

  /// KDC time as well as it is known.
  var now: Timestamp { time() ?? SystemClock.now }
}
