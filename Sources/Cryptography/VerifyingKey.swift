internal import COpenSSL
internal import SecretMemory

/// The public half of an Ed25519 key pair (RFC 8032).
public struct VerifyingKey: Hashable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = 32
  /// The length of a signature, in bytes.
  public static let signatureByteCount = 64

  private let encoded: FixedBytes<32>

  /// The key as it is encoded on the wire, 32 bytes, borrowed.
  public var encoding: RawSpan {
    @_lifetime(borrow self)
    borrowing get { encoded.bytes }
  }

  /// The same in an array.
  public var bytes: [UInt8] { [UInt8](encoding) }

  /// Nil unless there are 32 bytes. Whether they encode a point shows when a signature is verified:
  /// under anything else, none is valid.
  public init?(_ bytes: RawSpan) {
    guard let encoded = FixedBytes<32>(bytes) else { return nil }
    self.encoded = encoded
  }

  /// Nil for any other number than 32.
  public init?(_ bytes: [UInt8]) { self.init(bytes.bytes) }

  /// For the 32 bytes that libcrypto has made.
  init(accepted bytes: [UInt8]) { encoded = FixedBytes(padding: bytes.bytes) }

  /// Whether `signature` is this key's over `message` (RFC 8032, section 5.1.7).
  public func isValidSignature(_ signature: RawSpan, for message: RawSpan) -> Bool {
    guard signature.byteCount == Self.signatureByteCount else { return false }
    let key = unsafe encoding.withAddress { address, count in
      unsafe LibCrypto.allocated(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, address, count))
    }
    defer { unsafe EVP_PKEY_free(key) }
    let context = unsafe LibCrypto.allocated(EVP_MD_CTX_new())
    defer { unsafe EVP_MD_CTX_free(context) }
    unsafe LibCrypto.succeed(EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil))
    return unsafe signature.withAddress { signature, signatureCount in
      unsafe message.withAddress { message, messageCount in
        unsafe EVP_DigestVerify(context, signature, signatureCount, message, messageCount) == 1
      }
    }
  }
}
