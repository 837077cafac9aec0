internal import Glibc
public import Wire

/// The addresses at which this machine may be reached by others.
public enum InterfaceAddresses {
  /// Addresses of the interfaces that are up, each with `port`. Loopback and link-local addresses
  /// (RFC 3927; RFC 4291, 2.5.6) mean nothing elsewhere and are left out.
  public static func current(port: UInt16) throws(TransportFailure) -> [NetworkAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { throw .ofSystem("list its network interfaces") }
    defer { unsafe freeifaddrs(list) }

    var addresses: [NetworkAddress] = []
    var entry = unsafe list
    while let current = unsafe entry {
      unsafe entry = current.pointee.ifa_next
      let flags = unsafe current.pointee.ifa_flags
      guard flags & UInt32(IFF_UP) != 0, flags & UInt32(IFF_LOOPBACK) == 0,
        let pointer = unsafe current.pointee.ifa_addr,
        var address = unsafe NetworkAddress(socketAddress: pointer), address.meansSomethingElsewhere
      else { continue }
      address.port = port
      if !addresses.contains(address) { addresses.append(address) }
    }
    return addresses
  }
}

extension NetworkAddress {
  /// Whether others can use it: not loopback, link-local or unspecified.
  public var meansSomethingElsewhere: Bool {
    if isIPv4 { return ip[0] != 127 && ip[0] != 0 && !(ip[0] == 169 && ip[1] == 254) }
    let linkLocal = ip[0] == 0xfe && ip[1] & 0xc0 == 0x80
    let loopbackOrUnspecified = ip[..<15].allSatisfy { $0 == 0 } && ip[15] <= 1
    return !linkLocal && !loopbackOrUnspecified
  }
}
