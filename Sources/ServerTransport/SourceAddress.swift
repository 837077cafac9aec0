internal import Glibc
internal import NIOCore
internal import Wire

extension NetworkAddress {
  /// Nil for what is no IP address.
  init?(_ address: SocketAddress) {
    let found = unsafe address.withSockAddr { pointer, count in
      unsafe NetworkAddress(
        socketAddress: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: pointer, count: count)))
    }
    guard let found else { return nil }
    self = found
  }

  /// The same of a `sockaddr` of the system's.
  init?(socketAddress bytes: RawSpan) {
    guard bytes.byteCount >= MemoryLayout<sockaddr_in>.size else { return nil }
    // Linux: family, port in network order, then the address, which IPv6 puts after its flow label.
    let ip: Range<Int>
    switch unsafe Int32(bytes.unsafeLoadUnaligned(as: sa_family_t.self)) {
    case AF_INET: ip = 4..<8
    case AF_INET6 where bytes.byteCount >= MemoryLayout<sockaddr_in6>.size: ip = 8..<24
    default: return nil
    }
    let port = unsafe UInt16(
      bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 2, as: UInt16.self))
    self.init(ip: bytes.extracting(ip), port: port)
  }
}

extension SocketAddress {
  init(_ address: NetworkAddress) throws {
    try self.init(packedIPAddress: ByteBuffer(bytes: address.ip), port: Int(address.port))
  }
}

/// What counts as one source: an IPv4 address, or the /64 network that an IPv6 host usually has to
/// itself and can pick addresses from at will.
enum SourceNetwork: Hashable {
  case ipv4(UInt64)
  case ipv6(UInt64)

  init(_ address: NetworkAddress) {
    self = address.isIPv4 ? .ipv4(address.networkNumber) : .ipv6(address.networkNumber)
  }
}
