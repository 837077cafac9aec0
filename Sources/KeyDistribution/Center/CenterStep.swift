internal import Synchronization
public import Wire

/// What a KDC says to a message that has arrived.
public enum CenterStep: Sendable {
  case answer(CenterAnswer)
  /// These records are needed first; then `resume`.
  case lookUp(RecordQuery, PendingRequest)
}

/// What a KDC says once it has the records.
public enum CenterDecision: Sendable {
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

/// A value with one owner in a box that can travel through callbacks; it is taken out once.
private final class Once<Value: ~Copyable & Sendable>: Sendable {
  private let slot: Mutex<Value?>

  init(_ value: consuming Value) { slot = Mutex(value) }

  func take() -> Value? {
    slot.withLock { slot in
      let value = slot.take()
      return value
    }
  }
}

/// A request that waits for its records. Resumed once.
public struct PendingRequest: Sendable {
  private let box: Once<VerifiedRequest>

  init(_ request: consuming VerifiedRequest) { box = Once(request) }

  func take() -> VerifiedRequest? { box.take() }
}

/// A request that waits for a connection to have been tried. Finished once.
public struct PendingProbe: Sendable {
  private let box: Once<PendingGranting>

  init(_ request: consuming PendingGranting) { box = Once(request) }

  func take() -> PendingGranting? { box.take() }
}

/// A request that waits for its change to be durable. Finished once.
public struct PendingChange: Sendable {
  private let box: Once<DecidedChange>

  init(_ change: consuming DecidedChange) { box = Once(change) }

  func take() -> DecidedChange? { box.take() }
}
