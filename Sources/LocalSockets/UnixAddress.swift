public import Glibc

/// Where a socket between programs of one machine is (unix(7)).
public struct UnixAddress: Sendable {
  /// As much of `sun_path` as is the name.
  private let name: [UInt8]

  /// A file's; nil when the path is empty, too long, or has a zero byte.
  public init?(path: String) {
    // With the zero byte that ends it.
    let bytes = [UInt8](path.utf8)
    guard !bytes.isEmpty, bytes.count < Self.room, !bytes.contains(0) else { return nil }
    name = bytes + [0]
  }

  /// One of no file, which Linux keeps in a name space of its own; nil when it is too long.
  public init?(abstract text: String) {
    let bytes = [UInt8](text.utf8)
    guard bytes.count < Self.room else { return nil }
    name = [0] + bytes
  }

  private static var room: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }

  /// Calls `body` with the address as the system takes it, and its length in bytes.
  @unsafe
  public func withAddress<Value>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    let length = MemoryLayout<sockaddr_un>.size - Self.room + name.count
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(length))
      }
    }
  }
}
