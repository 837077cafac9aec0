internal import Glibc
internal import NIOCore
internal import Wire

/// A bound UDP socket. Each answer is on its own: one that cannot be sent is lost, as any datagram
/// may be.
final class DatagramPort: Sendable {
  private let descriptor: Int32

  /// Sockets of one port, among which the kernel spreads the senders: one for each thread.
  ///
  /// The first is bound as if it were alone, and so finds out whether the port is free.
  ///
  /// - Parameter address: its port is not 0.
  static func bind(
    _ address: SocketAddress, count: Int
  ) throws(ServerFailure) -> [DatagramPort] {
    let first = try DatagramPort(binding: address, isShared: false)
    guard count > 1, first.share() else { return [first] }
    var ports = [first]
    while ports.count < count { ports.append(try DatagramPort(binding: address, isShared: true)) }
    return ports
  }

  /// Lets further sockets of this user's have the same port (SO_REUSEPORT, socket(7)).
  private func share() -> Bool {
    var on: Int32 = 1
    return unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4) == 0
  }

  private init(binding address: SocketAddress, isShared: Bool) throws(ServerFailure) {
    let family = address.protocol.rawValue
    let flags = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = socket(family, flags, 0)
    var off: Int32 = 0
    var on: Int32 = 1
    // No SO_REUSEADDR: for UDP it would let two servers share a port, each getting some requests.
    guard descriptor >= 0,
      unsafe !isShared || setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4) == 0,
      unsafe family != AF_INET6
        || setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, 4) == 0,
      unsafe address.withSockAddr({
        unsafe Glibc.bind(descriptor, $0, socklen_t($1)) == 0
      })
    else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw .cannotBind(
        address: address.ipAddress ?? "?", port: UInt16(clamping: address.port ?? 0), code: code)
    }
  }

  deinit { close(descriptor) }

  /// Waits for datagrams.
  ///
  /// - Returns: whether that went well; `errno` tells otherwise.
  func receive(_ batch: DatagramBatch) -> Bool { batch.receive(through: descriptor) }

  /// Whoever waits for datagrams waits no longer, from now on.
  func interrupt() {
    // Says that there is no connection, and wakes them up all the same.
    _ = shutdown(descriptor, Int32(SHUT_RD))
  }

  /// Sends answers with as few calls as the system makes of it.
  func send(_ batch: DatagramBatch) { batch.send(through: descriptor) }

  func send(_ message: [UInt8], to receiver: SocketName) {
    unsafe receiver.withAddress { address, count in
      _ = unsafe sendto(
        descriptor, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), address,
        count)
    }
  }
}
