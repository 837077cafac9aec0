internal import Glibc

/// Tells the service manager that has started this program how it is: the protocol of sd_notify(3),
/// which is one datagram to the socket that `NOTIFY_SOCKET` names.
public struct ServiceNotifier: Sendable {
  public enum State: Sendable {
    /// It serves, or serves again after `reloading`.
    case ready
    /// It reads its settings again; `ready` follows.
    case reloading
    /// It is about to end.
    case stopping
    /// The watchdog's question is answered.
    case alive
  }

  private let address: UnixAddress
  /// Within what time the manager expects `alive`, in microseconds (`WATCHDOG_USEC`); nil: never.
  public let watchdogMicroseconds: UInt64?

  /// Nil when nobody wants to be told, which is so unless a manager has started the program.
  public init?() {
    guard let name = Self.variable("NOTIFY_SOCKET"),
      let address = name.hasPrefix("@")
        ? UnixAddress(abstract: String(name.dropFirst())) : UnixAddress(path: name)
    else { return nil }
    self.address = address
    // Of another process, if it was handed on to this one.
    let process = Self.variable("WATCHDOG_PID").map(Int32.init) ?? getpid()
    watchdogMicroseconds =
      process == getpid() ? Self.variable("WATCHDOG_USEC").flatMap(UInt64.init) : nil
  }

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).flatMap { unsafe String(validatingCString: $0) }
  }

  /// - Parameter status: what `systemctl status` shows, in one line.
  /// - Returns: false when nobody takes it, which hinders nothing else.
  @discardableResult
  public func tell(_ state: State, status: String? = nil) -> Bool {
    var text = Self.text(state)
    if let status { text += "STATUS=\(status)\n" }
    let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let bytes = [UInt8](text.utf8)
    let sent = unsafe address.withAddress { address, length in
      unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
    }
    return sent == bytes.count
  }

  private static func text(_ state: State) -> String {
    switch state {
    case .ready: return "READY=1\n"
    case .reloading:
      var time = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
      let microseconds = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
      return "RELOADING=1\nMONOTONIC_USEC=\(microseconds)\n"
    case .stopping: return "STOPPING=1\n"
    case .alive: return "WATCHDOG=1\n"
    }
  }
}
