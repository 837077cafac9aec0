internal import Glibc
internal import Wire

/// Waiting on several descriptors, with poll(2). Signals do not cut a wait short.
public enum Polling {
  /// What to wait for on a descriptor, and what there is.
  public struct Events: OptionSet, Hashable, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    /// Bytes, a connection to accept, or the end of the stream.
    public static let readable = Events(rawValue: Int16(POLLIN))
    /// Room to write.
    public static let writable = Events(rawValue: Int16(POLLOUT))
    /// Only ever reported: an error or a closed connection, which the next call will tell about.
    public static let failed = Events(rawValue: Int16(POLLERR | POLLHUP | POLLNVAL))
  }

  /// A descriptor, and the events that are waited for or have happened on it.
  public struct Interest: Hashable, Sendable {
    public let descriptor: Int32
    public let events: Events

    public init(_ descriptor: Int32, _ events: Events) {
      self.descriptor = descriptor
      self.events = events
    }
  }

  /// Waits until something has happened on one of the descriptors.
  ///
  /// - Returns: the descriptors that are ready, with what has happened; none at the deadline.
  /// - Throws: `.system` when the kernel refuses to wait.
  public static func wait(
    for interests: [Interest], until deadline: Deadline
  ) throws(TransportFailure) -> [Interest] {
    var entries = interests.map {
      pollfd(fd: $0.descriptor, events: $0.events.rawValue, revents: 0)
    }
    repeat {
      let count = unsafe poll(&entries, nfds_t(entries.count), timeout(until: deadline))
      if count > 0 {
        return entries.filter { $0.revents != 0 }
          .map { Interest($0.fd, Events(rawValue: $0.revents)) }
      }
      guard count == 0 || errno == EINTR else { throw .ofSystem("wait for the network") }
    } while !deadline.hasPassed
    return []
  }

  /// The same for one descriptor: whether something has happened on it.
  static func wait(
    for descriptor: Int32, _ events: Events, until deadline: Deadline
  ) throws(TransportFailure) -> Bool {
    var entry = pollfd(fd: descriptor, events: events.rawValue, revents: 0)
    repeat {
      let count = unsafe poll(&entry, 1, timeout(until: deadline))
      if count > 0 { return true }
      guard count == 0 || errno == EINTR else { throw .ofSystem("wait for the network") }
    } while !deadline.hasPassed
    return false
  }

  /// Milliseconds for one call of poll; a longer wait takes several calls.
  private static func timeout(until deadline: Deadline) -> Int32 {
    Int32(clamping: deadline.remaining.milliseconds)
  }
}
