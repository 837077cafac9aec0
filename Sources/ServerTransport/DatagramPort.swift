internal import Glibc
internal import NIOCore
internal import Wire

/// A bound UDP socket.
///
/// Requests are read by NIO; answers are sent from here, because NIO closes the whole socket when
/// one send fails, which a request with a forged source address can bring about. Each answer is on
/// its own: one that cannot be sent is lost, as any datagram may be.
final class DatagramPort: Sendable {
  private let descriptor: Int32

  /// - Parameter address: its port is not 0.
  init(binding address: SocketAddress) throws(ServerFailure) {
    let family = address.protocol.rawValue
    let flags = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = socket(family, flags, 0)
    var off: Int32 = 0
    // No SO_REUSEADDR: for UDP it would let two servers share a port, each getting some requests.
    guard descriptor >= 0,
      unsafe family != AF_INET6
        || setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, 4) == 0,
      unsafe address.withSockAddr({ unsafe bind(descriptor, $0, socklen_t($1)) == 0 })
    else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw .cannotBind(
        address: address.ipAddress ?? "?", port: UInt16(clamping: address.port ?? 0), code: code)
    }
  }

  deinit { close(descriptor) }

  /// A second descriptor of the socket, for the channel that reads; the channel closes it.
  func duplicate() -> Int32? {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    return copy >= 0 ? copy : nil
  }

  func send(_ message: [UInt8], to address: SocketAddress) {
    unsafe address.withSockAddr { pointer, count in
      _ = unsafe sendto(
        descriptor, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL),
        pointer,
        socklen_t(count))
    }
  }
}
