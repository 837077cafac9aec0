internal import NIOCore
internal import Wire

extension TimeAmount {
  /// Saturates after some three centuries.
  init(_ interval: Interval) {
    let (nanoseconds, overflow) = interval.milliseconds.multipliedReportingOverflow(by: 1_000_000)
    self = .nanoseconds(overflow ? .max : Int64(clamping: nanoseconds))
  }
}

extension EventLoop {
  /// Runs `body` on the loop: here and now if this is its thread.
  func run(_ body: @escaping @Sendable () -> Void) {
    if inEventLoop {
      body()
    } else {
      execute(body)
    }
  }
}
