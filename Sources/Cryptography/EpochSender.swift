internal import Crypto
internal import FoundationEssentials
public import SecretMemory

/// A message to an epoch key on its way: its key is encapsulated already, since what is sealed may
/// have to name the encapsulated key (RFC 9180, section 5.1.1).
public struct EpochSender: ~Copyable {
  /// What the owner of the epoch key recovers the shared secret from, 1120 bytes.
  public let encapsulatedKey: [UInt8]
  /// The exported secret (RFC 9180, section 5.3), 32 bytes.
  public let exported: SecretBytes
  private var sender: HPKE.Sender

  /// Encapsulates a fresh key. The randomness is swift-crypto's own, which has no public way to fix
  /// it.
  ///
  /// - Parameters:
  ///   - info: what the encapsulated key is bound to (RFC 9180, section 5.1).
  ///   - exporterContext: the purpose of the exported secret.
  public init(
    to key: EpochPublicKey, info: RawSpan, exporterContext: RawSpan
  ) throws(SealingFailure) {
    do {
      let sender = try HPKE.Sender(
        recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: key.bytes),
        ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info))
      let exported = try sender.exportSecret(
        context: Data(exporterContext), outputByteCount: EpochKey.exportedByteCount)
      self.init(
        encapsulatedKey: [UInt8](sender.encapsulatedKey), exported: SecretBytes(exported),
        sender: sender)
    } catch {
      throw SealingFailure()
    }
  }

  private init(encapsulatedKey: [UInt8], exported: consuming SecretBytes, sender: HPKE.Sender) {
    self.encapsulatedKey = encapsulatedKey
    self.exported = exported
    self.sender = sender
  }

  /// Seals the one message. Its bytes are 16 more than the plaintext's.
  ///
  /// - Parameter authenticating: what the ciphertext is bound to as well.
  public mutating func seal(
    _ plaintext: RawSpan, authenticating: RawSpan
  ) throws(SealingFailure) -> [UInt8] {
    do {
      let ciphertext = unsafe try plaintext.withUnsafeBytes { plaintext in
        unsafe try authenticating.withUnsafeBytes { authenticating in
          unsafe try sender.seal(plaintext, authenticating: authenticating)
        }
      }
      return [UInt8](ciphertext)
    } catch {
      throw SealingFailure()
    }
  }
}
