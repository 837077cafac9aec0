internal import SecretMemory

/// An IP address and a port. IPv4 addresses mapped into IPv6 are always told as IPv4 (RFC 4291,
/// 2.5.5.2), so that one host has one spelling.
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
  /// 4 bytes of an IPv4 or 16 bytes of an IPv6 address, in network order.
  public let ip: [UInt8]
  public var port: UInt16

  /// What an address takes in a message: family, 16 bytes, port.
  public static let byteCount = 1 + 16 + 2

  /// Nil unless `ip` has 4 or 16 bytes.
  public init?(ip: [UInt8], port: UInt16) {
    guard ip.count == 4 || ip.count == 16 else { return nil }
    let mapped = ip.count == 16 && ip[..<10].allSatisfy { $0 == 0 } && ip[10...11] == [0xff, 0xff]
    self.ip = mapped ? [UInt8](ip[12...]) : ip
    self.port = port
  }

  public var isIPv4: Bool { ip.count == 4 }

  /// What one host has to itself and can pick addresses from: an IPv4 address, or the first eight
  /// bytes of an IPv6 address.
  public var network: [UInt8] { isIPv4 ? ip : [UInt8](ip.prefix(8)) }

  /// The address alone: dotted for IPv4, eight groups of hexadecimal for IPv6.
  public var host: String {
    if isIPv4 { return ip.map(String.init).joined(separator: ".") }
    return Self.compressed(
      stride(from: 0, to: 16, by: 2).map { UInt16(ip[$0]) << 8 | UInt16(ip[$0 + 1]) })
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
  public mutating func address(_ address: NetworkAddress) {
    uint8(address.isIPv4 ? 4 : 6)
    bytes(address.ip.bytes)
    zeros(16 - address.ip.count)
    uint16(address.port)
  }
}

extension ByteReader {
  /// Refused unless the padding after an IPv4 address is zero and the address is not a mapped one.
  @_lifetime(self: copy self)
  public mutating func address() throws(WireError) -> NetworkAddress {
    let family = try uint8()
    let field = try bytes(16)
    let port = try uint16()
    guard family == 4 || family == 6 else { throw .invalid("address family") }
    let count = family == 4 ? 4 : 16
    guard field[count...].allSatisfy({ $0 == 0 }),
      let address = NetworkAddress(ip: [UInt8](field[..<count]), port: port),
      address.ip.count == count
    else { throw .invalid("address") }
    return address
  }
}
