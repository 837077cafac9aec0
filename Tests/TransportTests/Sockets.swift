import Glibc
import Testing
import Transport
import Wire

/// What the tests of sockets share.
func loopback(_ port: UInt16, lastByte: UInt8 = 1) throws -> NetworkAddress {
  try #require(NetworkAddress(ip: [127, 0, 0, lastByte], port: port))
}

/// Long enough for a busy machine; no test waits for it to pass.
var generous: Deadline { .after(.seconds(20)) }

/// Waits for the connection that a test has just made.
func accepted(by listener: borrowing Listener) throws -> StreamConnection {
  while true {
    if let connection = try listener.accept() { return connection }
    let ready = try Polling.wait(
      for: [.init(listener.descriptor, .readable)], until: generous)
    try #require(!ready.isEmpty)
  }
}

/// A listener's port that is free again: nobody listens there.
func closedPort() throws -> UInt16 { try Listener(port: 0).port }

func openDescriptors() -> Int {
  var count = 0
  guard let directory = unsafe opendir("/proc/self/fd") else { return -1 }
  defer { unsafe closedir(directory) }
  while unsafe readdir(directory) != nil { count += 1 }
  return count
}

/// Whether ::1 can be bound. Tests of IPv6 are empty where it cannot.
let hasIPv6: Bool = {
  let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in6()
  address.sin6_family = sa_family_t(AF_INET6)
  address.sin6_addr = in6addr_loopback
  let bound = unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
    }
  }
  if !bound { print("This machine has no IPv6: its half of the tests is skipped.") }
  return bound
}()

extension NetworkAddress {
  /// Lends an IPv4 address to a socket call.
  func withIPv4Socket(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: ip) }
    try unsafe withUnsafePointer(to: &address) { pointer in
      try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
