internal import NIOCore
internal import Wire

extension NetworkAddress {
  /// Nil for what is no IP address.
  init?(_ address: SocketAddress) {
    // Linux: family, port in network order, then the address, which IPv6 puts after its flow label.
    let ipOffset: Int
    let ipCount: Int
    switch address {
    case .v4: (ipOffset, ipCount) = (4, 4)
    case .v6: (ipOffset, ipCount) = (8, 16)
    default: return nil
    }
    let bytes = unsafe address.withSockAddr { pointer, count in
      unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
    }
    guard bytes.count >= ipOffset + ipCount else { return nil }
    self.init(
      ip: [UInt8](bytes[ipOffset...].prefix(ipCount)),
      port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
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
    let prefix = address.ip.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    self = address.isIPv4 ? .ipv4(prefix) : .ipv6(prefix)
  }
}
