internal import Glibc
internal import Synchronization

/// Tells all transfers of a service that they shall end.
final class ServiceStop: Stop, Sendable {
  /// At its end as soon as all shall end.
  let descriptor: Int32
  private let output: Atomic<Int32>

  init() throws(ClientFailure) {
    let ends = try PipeEnds(to: "run a service")
    descriptor = ends.reading
    output = Atomic(ends.writing)
  }

  deinit {
    stop()
    close(descriptor)
  }

  func stop() {
    let end = output.exchange(-1, ordering: .relaxed)
    if end >= 0 { close(end) }
  }

  func check() throws(ClientFailure) {
    if output.load(ordering: .relaxed) < 0 { throw .interrupted(by: SIGTERM) }
  }
}
