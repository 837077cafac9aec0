internal import NIOCore

/// How much those who watch may use.
struct MonitoringLimits: Sendable {
  /// Open connections. One more is closed at once.
  var connections = 16
  /// What may come on a connection, in bytes. The rest is not looked at.
  var requestBytes = 8192
  /// From the beginning of a connection to its end, whatever happens on it.
  var life = TimeAmount.seconds(5)
}
