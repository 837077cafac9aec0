import Synchronization

/// Whether a KDC serves: its files are open, its sockets are bound, and it is not about to end.
final class Readiness: Sendable {
  private let value = Atomic(false)

  var isReady: Bool { value.load(ordering: .relaxed) }

  func serve() { value.store(true, ordering: .relaxed) }

  func end() { value.store(false, ordering: .relaxed) }
}
