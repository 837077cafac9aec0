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
    let found = unsafe address.withSockAddr { pointer, count -> NetworkAddress? in
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: pointer, count: count))
      guard bytes.byteCount >= ipOffset + ipCount else { return nil }
      let port = unsafe UInt16(
        bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 2, as: UInt16.self))
      return NetworkAddress(ip: bytes.extracting(ipOffset..<(ipOffset + ipCount)), port: port)
    }
    guard let found else { return nil }
    self = found
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
