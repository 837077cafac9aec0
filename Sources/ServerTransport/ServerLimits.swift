public import Wire

/// How much of the server others may use.
public struct ServerLimits: Sendable {
  /// The longest message over TCP in bytes, either way; at most 65535.
  public var streamMessageLimit = 4096
  /// The longest datagram in bytes, either way. Longer ones are dropped.
  public var datagramLimit = 1232
  /// Open connections. One more is accepted and closed at once.
  public var connections = 20_000
  /// Open connections of one source: an IPv4 address or an IPv6 /64 network.
  public var connectionsPerSource = 2_048
  /// From the first byte of a message to its last one.
  public var frameDeadline = Interval.seconds(10)
  /// How long a connection may stay open without a byte on it.
  public var idleDeadline = Interval.seconds(60)
  /// Unanswered requests of one connection. At that many, nothing more is read from it.
  public var requestsInFlight = 32

  public init() {}
}
