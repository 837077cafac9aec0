internal import COpenSSL
public import SecretMemory

/// The private half of an Ed25519 key pair (RFC 8032).
@safe
public struct SigningKey: ~Copyable, @unchecked Sendable {
  /// The length of a seed, in bytes.
  public static let seedByteCount = 32

  // Never changed after `init`, so threads may sign with it at the same time.
  private let key: OpaquePointer

  /// The half that others verify with.
  public let publicKey: VerifyingKey

  /// - Parameter seed: the private key as RFC 8032, section 5.1.5 has it: 32 random bytes.
  public init(seed: borrowing SecretBytes) {
    precondition(seed.count == Self.seedByteCount)
    unsafe key = seed.bytes.withAddress { address, count in
      unsafe LibCrypto.allocated(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, address, count))
    }
    publicKey = VerifyingKey(accepted: unsafe LibCrypto.publicBytes(of: key))
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// The signature of `message`, 64 bytes. The same message has the same signature.
  public borrowing func sign(_ message: RawSpan) -> [UInt8] {
    let context = unsafe LibCrypto.allocated(EVP_MD_CTX_new())
    defer { unsafe EVP_MD_CTX_free(context) }
    unsafe LibCrypto.succeed(EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key, nil))
    return unsafe message.withAddress { address, count in
      unsafe [UInt8](unsafeUninitializedCapacity: VerifyingKey.signatureByteCount) {
        output, written in
        written = VerifyingKey.signatureByteCount
        unsafe LibCrypto.succeed(
          EVP_DigestSign(context, output.baseAddress, &written, address, count))
      }
    }
  }
}
