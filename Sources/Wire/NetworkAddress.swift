internal import SecretMemory

/// An IP address and a port. IPv4 addresses mapped into IPv6 are always told as IPv4 (RFC 4291,
/// 2.5.5.2), so that one host has one spelling.
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
  /// 4 bytes of an IPv4 or 16 bytes of an IPv6 address, in network order.
  public var ip: [UInt8] {
    isIPv4
      ? Self.bytes(of: UInt32(truncatingIfNeeded: low))
      : Self.bytes(of: high) + Self.bytes(of: low)
  }
  /// Of TCP or UDP.
  public var port: UInt16
  /// An IPv4 address that was mapped into IPv6 is one of IPv4.
  public let isIPv4: Bool

  // The 16 bytes of an IPv6 address as two numbers; an IPv4 address is the lower one. No array:
  // there is an address with every request.
  private let high: UInt64
  private let low: UInt64

  /// Where no message comes from: IPv4's 0.0.0.0, port 0.
  public static let nowhere = NetworkAddress()

  private init() {
    (port, isIPv4, high, low) = (0, true, 0, 0)
  }

  /// What an address takes in a message: family, 16 bytes, port.
  public static let byteCount = 1 + 16 + 2

  /// Nil unless `ip` has 4 or 16 bytes.
  public init?(ip: [UInt8], port: UInt16) { self.init(ip: ip.bytes, port: port) }

  /// Nil unless `ip` has 4 or 16 bytes.
  public init?(ip: RawSpan, port: UInt16) {
    self.port = port
    switch ip.byteCount {
    case 4:
      isIPv4 = true
      high = 0
      low = unsafe UInt64(UInt32(bigEndian: ip.unsafeLoadUnaligned(as: UInt32.self)))
    case 16:
      let first = unsafe UInt64(bigEndian: ip.unsafeLoadUnaligned(as: UInt64.self))
      let second = unsafe UInt64(
        bigEndian: ip.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
      isIPv4 = first == 0 && second >> 32 == 0xffff
      high = first
      low = isIPv4 ? second & 0xffff_ffff : second
    default: return nil
    }
  }

  private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
    stride(from: number.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: number >> $0)
    }
  }

  /// What one host has to itself and can pick addresses from: an IPv4 address, or the first eight
  /// bytes of an IPv6 address.
  public var network: [UInt8] {
    isIPv4 ? Self.bytes(of: UInt32(truncatingIfNeeded: low)) : Self.bytes(of: high)
  }

  /// The same as a number, without its length: an IPv4 address may look like a network.
  public var networkNumber: UInt64 { isIPv4 ? low : high }

  /// The address alone: dotted for IPv4, eight groups of hexadecimal for IPv6.
  public var host: String {
    if isIPv4 { return ip.map(String.init).joined(separator: ".") }
    let ip = ip
    return Self.compressed(
      stride(from: 0, to: 16, by: 2).map { UInt16(ip[$0]) << 8 | UInt16(ip[$0 + 1]) })
  }

  /// The address in 16 bytes.
  fileprivate func write(to message: inout ByteWriter) {
    if isIPv4 {
      message.uint32(UInt32(truncatingIfNeeded: low))
      message.zeros(12)
    } else {
      message.uint64(high)
      message.uint64(low)
    }
  }

  public var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

  /// RFC 5952: the longest run of two or more zero groups becomes `::`, the first one of equals.
  private static func compressed(_ groups: [UInt16]) -> String {
    var best = 0..<0
    var start = 0
    while start < groups.count {
      var end = start
      while end < groups.count, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = max(end, start + 1)
    }
    func text(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if best.isEmpty { return text(groups[...]) }
    return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}

extension ByteWriter {
  /// An address in its 19 bytes (PROTOCOL.md, 2.3).
  public mutating func address(_ address: NetworkAddress) {
    uint8(address.isIPv4 ? 4 : 6)
    address.write(to: &self)
    uint16(address.port)
  }
}

extension ByteReader {
  /// Refused unless the padding after an IPv4 address is zero and the address is not a mapped one.
  @_lifetime(self: copy self)
  public mutating func address() throws(WireError) -> NetworkAddress {
    let family = try uint8()
    let field = try span(16)
    let port = try uint16()
    guard family == 4 || family == 6 else { throw .invalid("address family") }
    let count = family == 4 ? 4 : 16
    guard field.extracting(droppingFirst: count).isZero,
      let address = NetworkAddress(ip: field.extracting(first: count), port: port),
      address.isIPv4 == (family == 4)
    else { throw .invalid("address") }
    return address
  }
}
