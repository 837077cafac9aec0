internal import COpenSSL
internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// A message that was sealed to an epoch key, opened.
@frozen
public struct OpenedByEpoch: ~Copyable {
  /// What the client has sealed.
  public let plaintext: SecretBytes
  /// The exported secret (RFC 9180, section 5.3), 32 bytes; its sender has the same.
  public let exported: SecretBytes
}

/// A KDC's epoch key: short-lived, kept in memory only. `EpochPublicKey` says which algorithms.
public final class EpochKey: Sendable {
  /// The length of a seed, in bytes.
  public static let seedByteCount = 32
  /// The length of an encapsulated key, in bytes.
  public static let encapsulatedKeyByteCount = 1120
  /// The length of an exported secret, in bytes.
  public static let exportedByteCount = 32

  private let key: XWingMLKEM768X25519.PrivateKey

  /// The half that clients seal to.
  public let publicKey: EpochPublicKey

  /// The key that `seed`, 32 random bytes, determines. Fails for seeds of another length.
  public init(seed: borrowing SecretBytes) throws(SealingFailure) {
    do {
      key = unsafe try seed.bytes.withUnsafeBytes { seed in
        unsafe try XWingMLKEM768X25519.PrivateKey(seedRepresentation: seed, publicKey: nil)
      }
    } catch {
      throw SealingFailure()
    }
    publicKey = EpochPublicKey(accepted: key.publicKey)
  }

  /// Opens a message that `EpochPublicKey.seal` has sealed with just these other arguments.
  public func open(
    _ ciphertext: RawSpan, encapsulatedKey: RawSpan, info: RawSpan, authenticating: RawSpan,
    exporterContext: RawSpan
  ) throws(AuthenticationFailure) -> OpenedByEpoch {
    do {
      var recipient = try HPKE.Recipient(
        privateKey: key, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info),
        encapsulatedKey: Data(encapsulatedKey))
      var opened = try recipient.open(Data(ciphertext), authenticating: Data(authenticating))
      let exported = try recipient.exportSecret(
        context: Data(exporterContext), outputByteCount: Self.exportedByteCount)
      return OpenedByEpoch(
        plaintext: SecretBytes(erasing: &opened), exported: SecretBytes(exported))
    } catch {
      throw AuthenticationFailure()
    }
  }
}

extension SecretBytes {
  /// The bytes of `data`, which are erased there.
  fileprivate init(erasing data: inout Data) {
    self.init(count: data.count) { output in
      unsafe data.withUnsafeMutableBytes { source in
        unsafe output.write(source.bytes, at: 0)
        unsafe OPENSSL_cleanse(source.baseAddress, source.count)
      }
    }
  }
}
