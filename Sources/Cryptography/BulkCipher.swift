internal import CLinux
internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// AES-256-GCM for the chunks of a stream. One for each stream and direction.
///
/// By swift-crypto rather than libcrypto: its code for processors with vector AES (VAES) is three
/// times as fast as what OpenSSL 3.0 has (PERFORMANCE.md). It allocates each result anew, so the
/// first cipher of a process has the allocator keep memory of that size.
public final class BulkCipher {
  private let key: SymmetricKey

  private static let keepsFreedMemory: Void = trent_keep_freed_memory()

  /// - Parameter key: 32 bytes, uniformly random.
  public init(_ key: consuming SecretBytes) {
    precondition(key.count == SealingKey.byteCount)
    Self.keepsFreedMemory
    self.key = unsafe key.bytes.withUnsafeBytes { unsafe SymmetricKey(data: $0) }
  }

  deinit { Self.overwriteFreedContext() }

  /// Seals a plaintext.
  ///
  /// - Parameter nonce: 12 bytes, never used before with this key.
  /// - Returns: as many bytes of ciphertext, then a tag of 16 bytes.
  public func seal(_ plaintext: RawSpan, nonce: RawSpan) -> BulkText {
    precondition(nonce.byteCount == SealingKey.nonceByteCount)
    let box = unsafe plaintext.withUnsafeBytes { plaintext in
      unsafe try? AES.GCM.seal(plaintext, using: key, nonce: AES.GCM.Nonce(nonce))
    }
    guard let sealed = box?.combined else {
      preconditionFailure("swift-crypto: a key, nonce or length that it does not take")
    }
    return BulkText(sealed, droppingFirst: SealingKey.nonceByteCount)
  }

  /// Opens a ciphertext and its tag.
  ///
  /// - Parameter nonce: 12 bytes.
  /// - Returns: 16 bytes less of plaintext, once the tag has been verified.
  public func open(_ sealed: RawSpan, nonce: RawSpan) throws(AuthenticationFailure) -> BulkText {
    precondition(nonce.byteCount == SealingKey.nonceByteCount)
    guard sealed.byteCount >= SealingKey.tagByteCount else { throw AuthenticationFailure() }
    let ciphertext = sealed.extracting(droppingLast: SealingKey.tagByteCount)
    let tag = sealed.extracting(last: SealingKey.tagByteCount)
    let plaintext = unsafe ciphertext.withUnsafeBytes { ciphertext in
      unsafe tag.withUnsafeBytes { tag in
        unsafe try? AES.GCM.open(
          AES.GCM.SealedBox(nonce: AES.GCM.Nonce(nonce), ciphertext: ciphertext, tag: tag),
          using: key)
      }
    }
    guard let plaintext else { throw AuthenticationFailure() }
    return BulkText(plaintext)
  }

  /// swift-crypto expands the key for each chunk, in a block of memory that it frees without
  /// erasing it. The allocator gives out first what was freed last, so that a context of the same
  /// size, for a key of zeros, comes to lie there.
  private static func overwriteFreedContext() {
    let zeros = [UInt8](repeating: 0, count: SealingKey.byteCount)
    _ = try? AES.GCM.seal([UInt8](), using: SymmetricKey(data: zeros))
  }
}

extension AES.GCM.Nonce {
  fileprivate init(_ bytes: RawSpan) throws {
    try unsafe self = bytes.withUnsafeBytes { unsafe try AES.GCM.Nonce(data: $0) }
  }
}
