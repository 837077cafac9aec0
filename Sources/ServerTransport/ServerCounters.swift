/// What a server has seen, at one moment.
public struct ServerCounters: Hashable, Sendable {
  /// Connections open now.
  public var connectionsOpen = 0
  /// Connections closed at once because of a limit, since the start.
  public var connectionsRefused = 0
  /// Datagrams dropped for their length or their source port, since the start.
  public var datagramsDropped = 0
}
