internal import CSystemCalls
internal import Glibc

/// Tells on which descriptors something can be done (epoll(7)), each under a number of its owner's.
final class Readiness: Sendable {
  struct Event {
    let number: UInt64
    let isReadable: Bool
    let isWritable: Bool
    /// The other end sends nothing more.
    let isEnd: Bool
    /// The connection is broken, or closed both ways.
    let isBroken: Bool
  }

  private let descriptor: Int32
  /// How many events are told at once.
  private static let limit = 64

  /// Nil when the system has no more of them; `errno` tells why.
  init?() {
    let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Tells of a descriptor as long as there is something to read or to accept.
  func watch(_ watched: Int32, as number: UInt64) -> Bool {
    control(EPOLL_CTL_ADD, watched, number, EPOLLIN.rawValue)
  }

  /// Tells no more of a descriptor.
  func ignore(_ watched: Int32) { _ = control(EPOLL_CTL_DEL, watched, 0, 0) }

  /// Tells when more has come on a connection, and of its end. Once: who does not read then is not
  /// told again of what was there.
  func watchConnection(_ watched: Int32, as number: UInt64) -> Bool {
    control(EPOLL_CTL_ADD, watched, number, Self.input)
  }

  /// Tells of this connection, too, when there is room for more to send.
  func watchOutput(_ watched: Int32, as number: UInt64) {
    _ = control(EPOLL_CTL_MOD, watched, number, Self.input | EPOLLOUT.rawValue)
  }

  private static let input = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

  private func control(
    _ operation: Int32, _ watched: Int32, _ number: UInt64, _ interest: UInt32
  ) -> Bool {
    var event = unsafe epoll_event()
    unsafe event.events = interest
    unsafe event.data.u64 = number
    return unsafe epoll_ctl(descriptor, operation, watched, &event) == 0
  }

  /// Waits for something to happen, and calls `body` for everything that has.
  ///
  /// - Parameter milliseconds: how long at the most; -1 for as long as it takes.
  func wait(milliseconds: Int32, _ body: (Event) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.limit) { events in
      let count = unsafe epoll_wait(
        descriptor, events.baseAddress, Int32(Self.limit), milliseconds)
      for index in 0..<max(0, Int(count)) {
        let event = unsafe events[index]
        let bits = unsafe event.events
        unsafe body(
          Event(
            number: event.data.u64, isReadable: bits & EPOLLIN.rawValue != 0,
            isWritable: bits & EPOLLOUT.rawValue != 0, isEnd: bits & EPOLLRDHUP.rawValue != 0,
            isBroken: bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0))
      }
    }
  }
}
