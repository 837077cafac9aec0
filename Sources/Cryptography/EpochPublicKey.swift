internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// A message could not be sealed to an epoch key, or an epoch key not be made: the key is no key.
public struct SealingFailure: Error, Equatable {
  public init() {}
}

/// A message sealed to an epoch key, and the secret that its sender now shares with the key's owner.
@frozen
public struct SealedToEpoch: ~Copyable {
  /// What the owner of the key recovers the shared secret from, 1120 bytes.
  public let encapsulatedKey: [UInt8]
  /// As long as the plaintext and 16 bytes more.
  public let ciphertext: [UInt8]
  /// The exported secret (RFC 9180, section 5.3), 32 bytes.
  public let exported: SecretBytes
}

/// The public half of a KDC's epoch key: whoever has it can seal messages that only the KDC opens.
///
/// HPKE in base mode (RFC 9180) with the X-Wing KEM (ML-KEM-768 and X25519), HKDF-SHA256 and
/// AES-256-GCM. Safe against recording now and a quantum computer later.
public struct EpochPublicKey: Hashable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = 1216

  /// The key as it is encoded on the wire, 1216 bytes.
  public let bytes: [UInt8]

  /// Nil unless the bytes have the form of a key.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount,
      (try? XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)) != nil
    else { return nil }
    self.bytes = bytes
  }

  /// For bytes that swift-crypto has made.
  init(accepted key: XWingMLKEM768X25519.PublicKey) {
    bytes = [UInt8](key.rawRepresentation)
  }

  /// Seals one message. The randomness is swift-crypto's own, which has no public way to fix it.
  ///
  /// - Parameters:
  ///   - info: what the encapsulated key is bound to (RFC 9180, section 5.1).
  ///   - authenticating: what the ciphertext is bound to as well.
  ///   - exporterContext: the purpose of the exported secret.
  public func seal(
    _ plaintext: RawSpan, info: RawSpan, authenticating: RawSpan, exporterContext: RawSpan
  ) throws(SealingFailure) -> SealedToEpoch {
    do {
      var sender = try HPKE.Sender(
        recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes),
        ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info))
      let ciphertext = unsafe try plaintext.withUnsafeBytes { plaintext in
        unsafe try authenticating.withUnsafeBytes { authenticating in
          unsafe try sender.seal(plaintext, authenticating: authenticating)
        }
      }
      let exported = try sender.exportSecret(
        context: Data(exporterContext), outputByteCount: EpochKey.exportedByteCount)
      return SealedToEpoch(
        encapsulatedKey: [UInt8](sender.encapsulatedKey), ciphertext: [UInt8](ciphertext),
        exported: SecretBytes(exported))
    } catch {
      throw SealingFailure()
    }
  }
}

extension Data {
  /// A copy of public bytes, for swift-crypto.
  init(_ bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
  }
}

extension SecretBytes {
  /// A copy of a key that swift-crypto owns, and erases.
  init(_ key: SymmetricKey) {
    self.init(count: key.bitCount / 8) { output in
      unsafe key.withUnsafeBytes { key in unsafe output.write(key.bytes, at: 0) }
    }
  }
}
