internal import COpenSSL
public import SecretMemory

/// The other side's point is of low order: the shared secret would be all zeros, known to everybody
/// (RFC 7748, section 6.1).
public struct LowOrderPoint: Error, Equatable {
  /// It has no parts.
  public init() {}
}

/// The private half of an X25519 key pair (RFC 7748).
@safe
public struct AgreementKey: ~Copyable, @unchecked Sendable {
  /// The length of a private key, in bytes.
  public static let byteCount = 32
  /// The length of a shared secret, in bytes.
  public static let sharedSecretByteCount = 32

  // Counts its owners and never changes, so threads may use it at the same time.
  private let key: OpaquePointer

  /// The half that is told to others.
  public let publicKey: AgreementPublicKey

  /// - Parameter privateKey: 32 random bytes (RFC 7748, section 6.1).
  public init(privateKey: borrowing SecretBytes) {
    precondition(privateKey.count == Self.byteCount)
    let key = unsafe privateKey.bytes.withAddress { address, count in
      unsafe LibCrypto.allocated(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, address, count))
    }
    unsafe self.init(
      owning: key, publicKey: AgreementPublicKey(accepted: LibCrypto.publicBytes(of: key)))
  }

  private init(owning key: OpaquePointer, publicKey: AgreementPublicKey) {
    unsafe self.key = key
    self.publicKey = publicKey
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// The secret shared with the owner of `other`, 32 bytes: key material, not yet a key.
  public borrowing func sharedSecret(
    with other: AgreementPublicKey
  ) throws(LowOrderPoint) -> SecretBytes {
    let peer = unsafe other.bytes.bytes.withAddress { address, count in
      unsafe LibCrypto.allocated(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, address, count))
    }
    defer { unsafe EVP_PKEY_free(peer) }
    let context = unsafe LibCrypto.allocated(EVP_PKEY_CTX_new(key, nil))
    defer { unsafe EVP_PKEY_CTX_free(context) }
    unsafe LibCrypto.succeed(EVP_PKEY_derive_init(context))
    unsafe LibCrypto.succeed(EVP_PKEY_derive_set_peer(context, peer))
    var isAgreed = false
    let secret = SecretBytes(count: Self.sharedSecretByteCount) { output in
      unsafe output.withAddress { address in
        var count = Self.sharedSecretByteCount
        // libcrypto refuses a result of zeros, and fails in no other way here.
        isAgreed = unsafe EVP_PKEY_derive(context, address, &count) == 1
      }
    }
    guard isAgreed else { throw LowOrderPoint() }
    return secret
  }

  /// The same key with an owner of its own.
  public borrowing func duplicate() -> AgreementKey {
    unsafe LibCrypto.succeed(EVP_PKEY_up_ref(key))
    return unsafe AgreementKey(owning: key, publicKey: publicKey)
  }

  /// The private key, 32 bytes, for whoever has to store it.
  public borrowing func privateBytes() -> SecretBytes {
    SecretBytes(count: Self.byteCount) { output in
      unsafe output.withAddress { address in
        var count = Self.byteCount
        unsafe LibCrypto.succeed(EVP_PKEY_get_raw_private_key(key, address, &count))
      }
    }
  }
}

extension LibCrypto {
  /// The public half of an Ed25519 or X25519 key, 32 bytes.
  static func publicBytes(of key: OpaquePointer) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 32) { output, written in
      written = 32
      unsafe succeed(EVP_PKEY_get_raw_public_key(key, output.baseAddress, &written))
    }
  }
}
