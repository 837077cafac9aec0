internal import Synchronization
internal import Wire

/// What the handlers of one server share: the count of connections, and whether it has stopped.
final class ServerState: Sendable {
  private struct Connections {
    var open = 0
    var refused = 0
    var bySource: [SourceNetwork: Int] = [:]
  }

  let limits: ServerLimits
  private let connections = Mutex(Connections())
  private let datagramsDropped = Atomic(0)
  private let stopped = Atomic(false)

  /// Asked about each connection that the limits allow.
  private let admission: Admission

  init(limits: ServerLimits, admission: @escaping Admission = { _ in true }) {
    self.limits = limits
    self.admission = admission
  }

  /// Counts a connection in, unless there are too many. Each admitted one is released once.
  func admit(_ source: NetworkAddress) -> Bool {
    let network = SourceNetwork(source)
    let isWelcome = admission(source)
    return connections.withLock { connections in
      let fromSource = connections.bySource[network, default: 0]
      guard isWelcome, connections.open < limits.connections,
        fromSource < limits.connectionsPerSource
      else {
        connections.refused += 1
        return false
      }
      connections.open += 1
      connections.bySource[network] = fromSource + 1
      return true
    }
  }

  func release(_ source: NetworkAddress) {
    let network = SourceNetwork(source)
    connections.withLock { connections in
      connections.open -= 1
      let left = connections.bySource[network, default: 1] - 1
      connections.bySource[network] = left > 0 ? left : nil
    }
  }

  func countDroppedDatagram() { datagramsDropped.wrappingAdd(1, ordering: .relaxed) }

  /// Whether this call is the one that stops the server.
  func stop() -> Bool { !stopped.exchange(true, ordering: .acquiringAndReleasing) }

  /// Event loops take no more work once the server has stopped.
  var hasStopped: Bool { stopped.load(ordering: .acquiring) }

  var counters: ServerCounters {
    let (open, refused) = connections.withLock { ($0.open, $0.refused) }
    return ServerCounters(
      connectionsOpen: open, connectionsRefused: refused,
      datagramsDropped: datagramsDropped.load(ordering: .relaxed))
  }
}
