public import SecretMemory

/// AES-256-GCM for the chunks of a stream: one context is kept, everything happens in place and
/// nothing is allocated. One for each stream and direction; not for two threads at once.
public final class BulkCipher {
  private let context: GCMContext

  /// - Parameter key: 32 bytes, uniformly random.
  public init(_ key: consuming SecretBytes) {
    context = GCMContext(key: key.bytes)
  }

  /// Seals the plaintext in `buffer` in place.
  ///
  /// - Parameters:
  ///   - buffer: the plaintext and 16 more bytes, which receive the tag.
  ///   - nonce: 12 bytes, never used before with this key.
  public func seal(_ buffer: inout MutableRawSpan, nonce: RawSpan) {
    precondition(buffer.byteCount >= SealingKey.tagByteCount)
    unsafe buffer.withUnsafeMutableBytes { buffer in
      let plaintext = unsafe UnsafeRawBufferPointer(
        rebasing: buffer[..<(buffer.count - SealingKey.tagByteCount)])
      unsafe context.seal(plaintext, nonce: nonce, authenticating: RawSpan(), into: buffer)
    }
  }

  /// Opens the ciphertext and tag in `buffer` in place: all but the last 16 bytes become the
  /// plaintext. When they are not authentic, the whole of `buffer` becomes zeros.
  ///
  /// - Parameter nonce: 12 bytes.
  public func open(
    _ buffer: inout MutableRawSpan, nonce: RawSpan
  ) throws(AuthenticationFailure) {
    guard buffer.byteCount >= SealingKey.tagByteCount else {
      buffer.zero()
      throw AuthenticationFailure()
    }
    let isAuthentic = unsafe buffer.withUnsafeMutableBytes { buffer in
      let plaintext = unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<(buffer.count - SealingKey.tagByteCount)])
      return unsafe context.open(
        UnsafeRawBufferPointer(buffer), nonce: nonce, authenticating: RawSpan(), into: plaintext)
    }
    guard isAuthentic else {
      buffer.zero()
      throw AuthenticationFailure()
    }
  }
}

extension MutableRawSpan {
  fileprivate mutating func zero() {
    for offset in 0..<byteCount { storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
  }
}
