internal import Glibc
package import Wire

/// `NetworkAddress` as the socket calls want it.
extension NetworkAddress {
  package var socketFamily: Int32 { isIPv4 ? AF_INET : AF_INET6 }

  /// Lends the address as a `sockaddr` and its length.
  func withSocketAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    if isIPv4 {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: ip) }
      return unsafe Self.lend(&address, to: body)
    }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: ip) }
    return unsafe Self.lend(&address, to: body)
  }

  private static func lend<Address, Result>(
    _ address: inout Address, to body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }

  /// Nil for a family other than IPv4 and IPv6. A scope id is not kept.
  init?(socketAddress address: UnsafePointer<sockaddr>) {
    let raw = unsafe UnsafeRawPointer(address)
    switch Int32(unsafe address.pointee.sa_family) {
    case AF_INET:
      let address = unsafe raw.loadUnaligned(as: sockaddr_in.self)
      self.init(
        ip: unsafe withUnsafeBytes(of: address.sin_addr) { unsafe [UInt8]($0) },
        port: UInt16(bigEndian: address.sin_port))
    case AF_INET6:
      let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
      self.init(
        ip: unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe [UInt8]($0) },
        port: UInt16(bigEndian: address.sin6_port))
    default:
      return nil
    }
  }

  /// The address that `getsockname` or `getpeername` fills in; nil if it fails.
  init?(
    filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) {
    var storage = sockaddr_storage()
    var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let address: NetworkAddress? = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        guard unsafe call(generic, &count) == 0 else { return nil }
        return unsafe NetworkAddress(socketAddress: generic)
      }
    }
    guard let address else { return nil }
    self = address
  }
}
