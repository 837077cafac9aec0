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

/// Says whether a connection from this source may stay. Called on an event loop.
public typealias Admission = @Sendable (_ source: NetworkAddress) -> Bool

/// Takes one request and answers it through `respond`, at once or later, from any thread, exactly
/// once. A nil response says nothing to a datagram and closes a stream.
///
/// It is called on an event loop that serves others too: it must not block.
public typealias RequestHandler =
  @Sendable (
    _ message: [UInt8], _ source: NetworkAddress, _ transport: TransportKind,
    _ respond: @escaping @Sendable (Response?) -> Void
  ) -> Void
