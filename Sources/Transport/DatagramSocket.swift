internal import Glibc
public import Wire

/// A UDP socket that is connected to one address: datagrams from elsewhere do not come in.
public struct DatagramSocket: ~Copyable, Sendable {
  /// The longest datagram to send in bytes: what every IPv6 path takes whole (1280 less headers).
  public static let sendLimit = 1232
  /// The longest datagram to receive in bytes; longer ones are dropped.
  public static let receiveLimit = 1500

  private let socket: Socket
  /// The other end.
  public let peerAddress: NetworkAddress

  /// - Throws: `.unreachable` when there is no route.
  public static func connect(to address: NetworkAddress) throws(TransportFailure) -> DatagramSocket
  {
    try DatagramSocket(address)
  }

  private init(_ address: NetworkAddress) throws(TransportFailure) {
    let socket = try Socket(family: address.socketFamily, type: SOCK_DGRAM)
    let code = socket.startConnecting(to: address)
    guard code == 0 else { throw Self.failure(code, address) }
    self.socket = socket
    peerAddress = address
  }

  /// For `Polling`; still owned by this value.
  public var descriptor: Int32 { socket.descriptor }

  public var localAddress: NetworkAddress? { socket.localAddress }

  /// Sends one datagram. One that finds the kernel's buffer full is lost, as any other may be.
  ///
  /// - Throws: `.messageTooLarge` over `sendLimit`; `.datagramRefused` if an earlier datagram met
  ///   nobody; `.unreachable` when there is no route.
  public func send(_ message: RawSpan) throws(TransportFailure) {
    guard message.byteCount <= Self.sendLimit else {
      throw .messageTooLarge(limit: Self.sendLimit)
    }
    let count = unsafe message.withUnsafeBytes {
      unsafe Glibc.send(socket.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if count < 0, errno != EAGAIN, errno != ENOBUFS { throw Self.failure(errno, peerAddress) }
  }

  /// The next datagram, or nil at the deadline.
  ///
  /// - Throws: `.datagramRefused` if one that was sent met nobody; `.unreachable` when a router
  ///   said that there is no way.
  public func receive(deadline: Deadline) throws(TransportFailure) -> [UInt8]? {
    // One more than the limit tells a datagram that is too long from one that just fits.
    var buffer = [UInt8](repeating: 0, count: Self.receiveLimit + 1)
    while try Polling.wait(for: socket.descriptor, .readable, until: deadline) {
      let count = unsafe recv(socket.descriptor, &buffer, buffer.count, 0)
      if count >= 0, count <= Self.receiveLimit { return [UInt8](buffer[..<count]) }
      if count < 0, errno != EAGAIN, errno != EINTR { throw Self.failure(errno, peerAddress) }
      if deadline.hasPassed { break }
    }
    return nil
  }

  private static func failure(_ code: Int32, _ address: NetworkAddress) -> TransportFailure {
    switch code {
    case ECONNREFUSED: .datagramRefused(address)
    case EHOSTUNREACH, ENETUNREACH, EACCES, EINVAL, EADDRNOTAVAIL:
      .unreachable(address, reason: TransportFailure.reason(code))
    default: .system(code: code, operation: "exchange datagrams")
    }
  }
}
