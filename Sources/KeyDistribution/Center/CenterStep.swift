internal import Synchronization
public import Wire

/// What a KDC says to a message that has arrived.
public enum CenterStep: Sendable {
  /// Without any record.
  case answer(CenterAnswer)
  /// These records are needed first; then `resume`.
  case lookUp(RecordQuery, PendingRequest)
}

/// What a KDC says once it has the records.
public enum CenterDecision: Sendable {
  /// There is nothing to be written.
  case answer(CenterAnswer)
  /// This change has to be made, durably, first; then `finish`.
  case change(DirectoryChange, PendingChange)
  /// It has to be tried first whether a TCP connection to this address comes about in that time;
  /// then `finish`. Nothing is to be sent over it.
  case probe(NetworkAddress, within: Interval, PendingProbe)
}

/// The end of a request: what to send, when, and what to write into the log.
public struct CenterAnswer: Sendable {
  /// Nil: say nothing, and close the connection if there is one.
  public let message: [UInt8]?
  /// When a refusal leaves, counted from the arrival of the request; nil: at once.
  public let notBefore: Interval?
  /// For the log; nil: nothing that the log tells.
  public let event: CenterEvent?
  /// Why nothing was granted, whether the log is to have a line about it or not.
  public let refusal: CenterEvent.Reason?

  init(
    _ message: [UInt8]?, notBefore: Interval? = nil, event: CenterEvent? = nil,
    refusal: CenterEvent.Reason? = nil
  ) {
    self.message = message
    self.notBefore = notBefore
    self.event = event
    self.refusal = refusal ?? event?.refusal
  }
}

/// A value with one owner that others can reach until one of them takes it out.
private struct Once<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
  private let slot: Mutex<Value?>

  init(_ value: consuming Value) { slot = Mutex(value) }

  borrowing func take() -> Value? {
    slot.withLock { slot in
      let value = slot.take()
      return value
    }
  }
}

// Classes of their own, so that they can travel through callbacks: a generic one is looked up by
// its name for every request.

/// A request that waits for its records. Resumed once.
public final class PendingRequest: Sendable {
  private let request: Once<VerifiedRequest>

  init(_ request: consuming VerifiedRequest) { self.request = Once(request) }

  func take() -> VerifiedRequest? { request.take() }
}

/// A request that waits for a connection to have been tried. Finished once.
public final class PendingProbe: Sendable {
  private let request: Once<PendingGranting>

  init(_ request: consuming PendingGranting) { self.request = Once(request) }

  func take() -> PendingGranting? { request.take() }
}

/// A request that waits for its change to be durable. Finished once.
public final class PendingChange: Sendable {
  private let change: Once<DecidedChange>

  init(_ change: consuming DecidedChange) { self.change = Once(change) }

  func take() -> DecidedChange? { change.take() }
}
