internal import Glibc
internal import Wire

/// Where a datagram came from, as the system told it: an answer goes back with everything that an
/// IPv6 address needs beside its own bytes.
struct SocketName: Sendable {
  /// A `sockaddr_in6`, or a `sockaddr_in` and zeros.
  private var storage = InlineArray<7, UInt32>(repeating: 0)
  private let byteCount: Int

  /// The first bytes of what is longer than any IP address.
  @unsafe
  init(copying bytes: UnsafeRawBufferPointer) {
    byteCount = min(bytes.count, MemoryLayout.size(ofValue: storage))
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(byteCount))
    unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyMemory(from: bytes) }
  }

  /// What a system call writes; nil when it fails.
  init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Bool) {
    let limit = MemoryLayout.size(ofValue: storage)
    var count = socklen_t(limit)
    let isFilled = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe call(address, &count)
      }
    }
    guard isFilled else { return nil }
    byteCount = min(Int(count), limit)
  }

  /// Nil for what is no IP address.
  var address: NetworkAddress? {
    unsafe withUnsafeBytes(of: storage) { bytes in
      unsafe NetworkAddress(
        socketAddress: RawSpan(
          _unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(byteCount))))
    }
  }

  func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(byteCount))
      }
    }
  }
}
