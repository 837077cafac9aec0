internal import Glibc
internal import NIOCore
internal import Wire

/// A socket that is bound to an address of the server's.
final class ServerSocket: Sendable {
  enum Kind {
    case stream, datagram

    fileprivate var type: Int32 {
      switch self {
      // Many connections share a thread; datagrams have one that waits for them alone.
      case .stream: Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
      case .datagram: Int32(SOCK_DGRAM.rawValue)
      }
    }
  }

  let descriptor: Int32

  /// Sockets of one port, among which the kernel spreads who comes: one for each thread.
  ///
  /// The first is bound as if it were alone, and so finds out whether the port is free.
  ///
  /// - Parameter address: with port 0 any free one is taken.
  static func bind(
    _ kind: Kind, to address: SocketAddress, count: Int
  ) throws(ServerFailure) -> [ServerSocket] {
    let first = try bind(kind, to: address, isShared: false)
    var sockets = [first]
    guard count > 1, first.set(SO_REUSEPORT, of: SOL_SOCKET, to: 1) else { return sockets }
    var address = address
    address.port = first.port.map(Int.init)
    while sockets.count < count {
      sockets.append(try bind(kind, to: address, isShared: true))
    }
    return sockets
  }

  /// - Parameter isShared: whether further sockets of this user's have the same port (SO_REUSEPORT,
  ///   socket(7)).
  private static func bind(
    _ kind: Kind, to address: SocketAddress, isShared: Bool
  ) throws(ServerFailure) -> ServerSocket {
    let family = address.protocol.rawValue
    let descriptor = Glibc.socket(family, kind.type | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .ofSystem(binding: address) }
    let socket = ServerSocket(descriptor)
    guard socket.prepare(kind, isShared: isShared, isIPv6: family == AF_INET6),
      unsafe address.withSockAddr({ unsafe Glibc.bind(descriptor, $0, socklen_t($1)) == 0 })
    else { throw .ofSystem(binding: address) }
    return socket
  }

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  private func prepare(_ kind: Kind, isShared: Bool, isIPv6: Bool) -> Bool {
    if isShared, !set(SO_REUSEPORT, of: SOL_SOCKET, to: 1) { return false }
    if isIPv6, !set(IPV6_V6ONLY, of: Int32(IPPROTO_IPV6), to: 0) { return false }
    switch kind {
    case .stream:
      // Connections have TCP_NODELAY from the socket that accepts them (tcp(7)).
      return set(SO_REUSEADDR, of: SOL_SOCKET, to: 1)
        && set(TCP_NODELAY, of: Int32(IPPROTO_TCP), to: 1)
    case .datagram:
      // No SO_REUSEADDR: for UDP it would let two servers share a port, each getting some requests.
      return true
    }
  }

  private func set(_ option: Int32, of level: Int32, to value: Int32) -> Bool {
    var value = value
    return unsafe setsockopt(descriptor, level, option, &value, 4) == 0
  }

  /// The port that it has.
  var port: UInt16? {
    let name = unsafe SocketName { address, count in
      unsafe getsockname(descriptor, address, count) == 0
    }
    return name?.address?.port
  }
}
