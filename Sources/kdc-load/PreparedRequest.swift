internal import KeyDistribution

/// A request that has been sealed, and how its answer is read. Sent once.
struct PreparedRequest {
  let message: [UInt8]
  /// Throws unless the answer is authentic and grants what was asked for.
  let read: ([UInt8]) throws(ExchangeFailure) -> Void
}

/// A state that awaits an answer; it is taken out once.
final class Awaiting<Next: ~Copyable> {
  private var next: Next?

  init(_ next: consuming Next) { self.next = consume next }

  func take() throws(ExchangeFailure) -> Next {
    guard let taken = next.take() else { throw .unexpectedReply }
    return taken
  }
}
