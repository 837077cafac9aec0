internal import COpenSSL

/// What this module needs from OpenSSL's libcrypto, fetched once: a look-up by name costs more than
/// the sealing of a small message.
enum LibCrypto {
  nonisolated(unsafe) static let aes256GCM = unsafe allocated(
    EVP_CIPHER_fetch(nil, "AES-256-GCM", nil))
  nonisolated(unsafe) static let sha256 = unsafe allocated(EVP_MD_fetch(nil, "SHA256", nil))

  /// For calls that fail only when memory has run out or when this module misuses them.
  static func succeed(_ result: CInt) {
    precondition(result == 1, "libcrypto: out of memory, or an algorithm is not available")
  }

  /// The object made, where nothing but a lack of memory can prevent that.
  static func allocated(_ object: OpaquePointer?) -> OpaquePointer {
    guard let object = unsafe object else {
      preconditionFailure("libcrypto: out of memory, or an algorithm is not available")
    }
    return unsafe object
  }
}

extension RawSpan {
  /// Calls `body` with the address and the count of these bytes. The address is never nil, which
  /// libcrypto would take for "absent" rather than "empty".
  func withAddress<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafePointer<UInt8>, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeBytes { (buffer) throws(Failure) -> Result in
      if let base = buffer.baseAddress {
        return try unsafe body(base.assumingMemoryBound(to: UInt8.self), buffer.count)
      }
      var nothing: UInt8 = 0
      return try unsafe withUnsafePointer(to: &nothing) { (address) throws(Failure) -> Result in
        try unsafe body(address, 0)
      }
    }
  }
}

extension MutableRawSpan {
  /// Calls `body` with the address of these bytes, of which there must be some.
  mutating func withAddress<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeMutableBytes { (buffer) throws(Failure) -> Result in
      guard let base = buffer.baseAddress else { preconditionFailure("nowhere to write") }
      return try unsafe body(base.assumingMemoryBound(to: UInt8.self))
    }
  }
}
