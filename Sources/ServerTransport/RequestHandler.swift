public import Wire

/// How a request travelled.
public enum TransportKind: Hashable, Sendable {
  case datagram
  case stream
}

/// What a request is answered with.
public struct Response: Hashable, Sendable {
  /// 1 byte up to the limit of the transport by which the request came. A response outside of that
  /// is treated as none.
  public var message: [UInt8]
  /// The time after the arrival of the request before which this may not leave; nil: at once.
  public var notBefore: Interval?

  public init(message: [UInt8], notBefore: Interval? = nil) {
    self.message = message
    self.notBefore = notBefore
  }
}

/// When a request is answered.
public enum Reply: Hashable, Sendable {
  /// At once. Nil says nothing to a datagram and closes a stream.
  case now(Response?)
  /// Through the responder that was asked for.
  case later
}

/// Answers one request, from any thread, exactly once. Nil says nothing to a datagram and closes a
/// stream.
public typealias Responder = @Sendable (Response?) -> Void

/// Says whether a connection from this source may stay. Called on the thread that serves them.
public typealias Admission = @Sendable (_ source: NetworkAddress) -> Bool

/// Takes one request and answers it: at once, with what it returns, or through the responder that
/// `later` gives. Only what has to wait for something else needs one, which takes memory.
///
/// It is called on a thread that serves others too: it must not block.
public typealias RequestHandler =
  @Sendable (
    _ message: RawSpan, _ source: NetworkAddress, _ transport: TransportKind,
    _ later: () -> Responder
  ) -> Reply
