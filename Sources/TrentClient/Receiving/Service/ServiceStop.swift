internal import Glibc
internal import Synchronization

/// Tells all transfers of a service that they shall end.
final class ServiceStop: Stop, Sendable {
  /// At its end as soon as all shall end.
  let descriptor: Int32
  private let output: Atomic<Int32>

  init() throws(ClientFailure) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw ClientFailure(.other, "This machine has no descriptor left to run a service.")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    descriptor = ends[0]
    output = Atomic(ends[1])
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
