internal import Glibc
public import Wire

/// Host names to addresses.
public enum Resolver {
  /// The addresses of a host in the order in which the system prefers them (RFC 6724), each once.
  ///
  /// - Parameter host: a name or an address; an IPv6 address may stand in brackets.
  /// - Throws: `.unresolvableHost`. The name service sets the pace: there is no deadline.
  public static func resolve(
    host: String, port: UInt16
  ) throws(TransportFailure) -> [NetworkAddress] {
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let name = bracketed ? String(host.dropFirst().dropLast()) : host
    // A NUL would end the C string early and resolve another host than the one that was named.
    guard !name.isEmpty, !name.utf8.contains(0) else {
      throw .unresolvableHost(host, reason: "this is not a host name")
    }
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(name, nil, &hints, &list)
    guard code == 0 else {
      let reason =
        unsafe code == EAI_SYSTEM
        ? TransportFailure.reason(errno) : String(cString: gai_strerror(code))
      throw .unresolvableHost(host, reason: reason)
    }
    defer { unsafe freeaddrinfo(list) }

    var addresses: [NetworkAddress] = []
    var entry = unsafe list
    while let current = unsafe entry {
      unsafe entry = current.pointee.ai_next
      guard let pointer = unsafe current.pointee.ai_addr,
        var address = unsafe NetworkAddress(socketAddress: pointer)
      else { continue }
      address.port = port
      if !addresses.contains(address) { addresses.append(address) }
    }
    guard !addresses.isEmpty else { throw .unresolvableHost(host, reason: "it has no address") }
    return addresses
  }
}
