internal import Cryptography
internal import Wire

extension KeyDistributionCenter {
  /// Before a sealed request is opened: nil if the source has not asked for too much lately.
  func slowDown(_ source: NetworkAddress, at now: Timestamp) -> CenterAnswer? {
    guard let wait = brakes.waitForSealedRequest(from: source, at: now) else { return nil }
    return CenterAnswer(
      ByteWriter.slowDown(wait),
      event: brakes.mayTell(at: now)
        ? CenterEvent(.refused(.tooManyRequests), source: source) : nil,
      refusal: .tooManyRequests)
  }

  /// The answer to a request that is not looked at yet. It leaves when a refusal would.
  func slowDown(
    _ wait: Interval, _ reason: CenterEvent.Reason, name: PrincipalName,
    in context: borrowing SealedContext, at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      context.openReply(.slowDown, at: now, &random) { $0.uint32(wait.wholeSeconds) },
      notBefore: policy.refusalDelay,
      event: CenterEvent(.refused(reason), name: name, source: context.source))
  }

  /// Whether a moment that a client tells is near enough to be of this request.
  func isTimely(_ time: Timestamp, at now: Timestamp) -> Bool {
    now <= time + policy.requestTolerance && time <= now + policy.requestTolerance
  }
}

extension Interval {
  /// In seconds, rounded up; at least 1.
  fileprivate var wholeSeconds: UInt32 { UInt32(clamping: max(1, (milliseconds + 999) / 1000)) }
}

extension ByteWriter {
  /// Failure 5: says when to try again.
  fileprivate static func slowDown(_ wait: Interval) -> [UInt8] {
    var message = ByteWriter(message: .failure)
    message.uint8(FailureCode.slowDown.rawValue)
    message.uint32(wait.wholeSeconds)
    return message.publicBytes()
  }
}
