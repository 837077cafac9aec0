internal import CLinux
internal import Glibc
internal import Transport

/// Waits on many sockets at once, with epoll(7).
@safe
final class EventPoll {
  /// Something has happened on the socket that was entered with this number.
  struct Event {
    let number: Int
    let isReadable: Bool
  }

  private let descriptor: Int32
  private var events: [epoll_event]

  /// - Parameter count: how many sockets there will be.
  init(count: Int) throws(LoadFailure) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw Self.failure }
    unsafe events = [epoll_event](repeating: epoll_event(), count: count)
  }

  deinit { close(descriptor) }

  /// Waits for answers on a socket; for one that is still connecting, first for the connection.
  func add(_ socket: borrowing Socket, number: Int, isConnecting: Bool) throws(LoadFailure) {
    try control(EPOLL_CTL_ADD, socket, number, isConnecting ? EPOLLOUT : EPOLLIN)
  }

  /// The socket has connected: from now on it is waited for answers.
  func awaitAnswers(on socket: borrowing Socket, number: Int) throws(LoadFailure) {
    try control(EPOLL_CTL_MOD, socket, number, EPOLLIN)
  }

  private func control(
    _ operation: Int32, _ socket: borrowing Socket, _ number: Int, _ interest: EPOLL_EVENTS
  ) throws(LoadFailure) {
    var event = unsafe epoll_event()
    unsafe event.events = interest.rawValue
    unsafe event.data.u64 = UInt64(number)
    guard unsafe epoll_ctl(descriptor, operation, socket.descriptor, &event) == 0 else {
      throw Self.failure
    }
  }

  /// Calls `body` for everything that has happened; not at all when nothing does for
  /// `milliseconds`.
  func wait(
    milliseconds: Int32, _ body: (Event) throws(LoadFailure) -> Void
  ) throws(LoadFailure) {
    let count = unsafe epoll_wait(descriptor, &events, Int32(events.count), milliseconds)
    guard count >= 0 || errno == EINTR else { throw Self.failure }
    for index in 0..<max(0, Int(count)) {
      let event = unsafe events[index]
      try body(
        Event(
          number: Int(unsafe event.data.u64),
          isReadable: unsafe event.events & EPOLLOUT.rawValue == 0))
    }
  }

  private static var failure: LoadFailure { LoadFailure(.ofSystem("wait for the network")) }
}
