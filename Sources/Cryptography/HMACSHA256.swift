internal import COpenSSL
internal import SecretMemory

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// The length of a tag, in bytes.
  public static let byteCount = 32

  /// The tag of `message` under `key`, 32 bytes.
  public static func authenticate(_ message: RawSpan, key: RawSpan) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, written in
      let context = HMACContext(key: key)
      context.update(message)
      unsafe context.finish(into: output.baseAddress)
      written = byteCount
    }
  }

  /// Whether `tag` is the whole tag of `message` under `key`, compared in constant time.
  public static func isValid(_ tag: RawSpan, for message: RawSpan, key: RawSpan) -> Bool {
    equalInConstantTime(tag, authenticate(message, key: key).bytes)
  }
}

/// One HMAC computation. libcrypto erases its copy of the key when the context is freed.
@safe
struct HMACContext: ~Copyable {
  private let context: OpaquePointer

  init(key: RawSpan) {
    unsafe context = LibCrypto.allocated(EVP_MAC_CTX_dup(LibCrypto.hmacSHA256))
    unsafe key.withAddress { address, count in
      unsafe LibCrypto.succeed(EVP_MAC_init(context, address, count, nil))
    }
  }

  deinit { unsafe EVP_MAC_CTX_free(context) }

  func update(_ bytes: RawSpan) {
    unsafe bytes.withAddress { address, count in
      unsafe LibCrypto.succeed(EVP_MAC_update(context, address, count))
    }
  }

  /// Writes the tag, 32 bytes. Nothing may follow.
  @unsafe
  func finish(into output: UnsafeMutablePointer<UInt8>?) {
    unsafe LibCrypto.succeed(EVP_MAC_final(context, output, nil, HMACSHA256.byteCount))
  }
}
