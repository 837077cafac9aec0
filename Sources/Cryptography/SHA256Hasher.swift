internal import COpenSSL
internal import SecretMemory

/// SHA-256 (FIPS 180-4) of a message that comes piece by piece.
@safe
public struct SHA256Hasher: ~Copyable {
  private let context: OpaquePointer

  /// The hash of nothing yet.
  public init() {
    unsafe context = LibCrypto.allocated(EVP_MD_CTX_new())
    unsafe LibCrypto.succeed(EVP_DigestInit_ex2(context, LibCrypto.sha256, nil))
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Adds the next piece of the message.
  public mutating func update(_ piece: RawSpan) {
    unsafe piece.withAddress { address, count in
      unsafe LibCrypto.succeed(EVP_DigestUpdate(context, address, count))
    }
  }

  /// The hash of all pieces, 32 bytes.
  public consuming func finish() -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { output, written in
      unsafe LibCrypto.succeed(EVP_DigestFinal_ex(context, output.baseAddress, nil))
      written = SHA256.byteCount
    }
  }
}
