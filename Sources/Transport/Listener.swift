internal import Glibc
internal import Wire

/// A TCP listener on every address of this machine, by IPv6 and IPv4 where the machine has both.
public struct Listener: ~Copyable, Sendable {
  private let socket: Socket
  /// The port that it listens on.
  public let port: UInt16

  /// - Parameter port: 0 takes any free port.
  /// - Throws: `.system`, with `EADDRINUSE` if another program listens there.
  public init(port: UInt16) throws(TransportFailure) {
    let socket = try Self.listening(port: port)
    guard let address = socket.localAddress else { throw .ofSystem("listen on port \(port)") }
    self.port = address.port
    self.socket = socket
  }

  private static func listening(port: UInt16) throws(TransportFailure) -> Socket {
    do {
      return try listening(family: AF_INET6, port: port)
    } catch .system(let code, _) where code == EAFNOSUPPORT || code == EADDRNOTAVAIL {
      // The kernel has no IPv6, or no interface has an IPv6 address.
      return try listening(family: AF_INET, port: port)
    } catch {
      throw error
    }
  }

  private static func listening(family: Int32, port: UInt16) throws(TransportFailure) -> Socket {
    let socket = try Socket(family: family, type: SOCK_STREAM)
    try socket.setOption(level: SOL_SOCKET, SO_REUSEADDR, 1)
    if family == AF_INET6 {
      try socket.setOption(level: Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0)
    }
    let any = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
    guard let address = NetworkAddress(ip: any, port: port) else { throw .noAddress }
    let bound = unsafe address.withSocketAddress { unsafe bind(socket.descriptor, $0, $1) }
    guard bound == 0, listen(socket.descriptor, 128) == 0 else {
      throw .ofSystem("listen on port \(port)")
    }
    return socket
  }

  /// For `Polling`; still owned by the listener.
  public var descriptor: Int32 { socket.descriptor }

  /// The next connection, without waiting; nil if there is none.
  ///
  /// - Throws: `.system` when this machine is short of something, such as descriptors (`EMFILE`).
  ///   The connection then stays in the queue: close something before asking again.
  public func accept() throws(TransportFailure) -> StreamConnection? {
    while true {
      let accepted = Glibc.accept(socket.descriptor, nil, nil)
      if accepted >= 0 { return try StreamConnection(adopting: accepted) }
      switch errno {
      case EAGAIN: return nil
      case EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EINVAL: throw .ofSystem("accept a connection")
      // What went wrong with one connection before it was accepted is over with it (accept(2)).
      default: continue
      }
    }
  }
}
