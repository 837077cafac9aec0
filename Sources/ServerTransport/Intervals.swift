internal import NIOCore
internal import Wire

extension TimeAmount {
  /// Saturates after some three centuries.
  init(_ interval: Interval) {
    let (nanoseconds, overflow) = interval.milliseconds.multipliedReportingOverflow(by: 1_000_000)
    self = .nanoseconds(overflow ? .max : Int64(clamping: nanoseconds))
  }
}
