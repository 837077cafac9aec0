public import Cryptography
public import SecretMemory
internal import Wire

/// What comes out of a passphrase (PROTOCOL.md, 3.2): one half for the KDC, one for this device.
@frozen
public struct PassphraseSecret: ~Copyable {
  /// The salted passphrase digest that the KDC stores (32 bytes).
  public let digest: SecretBytes
  /// What never leaves the client: it seals what the user keeps on the device (32 bytes).
  public let deviceKey: SecretBytes
  /// How both were made, to make them again off line.
  public let parameters: Argon2Parameters
  /// 16 bytes.
  public let salt: [UInt8]

  /// Argon2id (RFC 9106): a noticeable part of a second, and 64 MiB of memory.
  ///
  /// - Throws: `parametersOutOfBounds` if the KDC asks for less than RFC 9106 recommends, or for
  ///   more than 16 passes or 1 GiB; `unavailable` if the memory cannot be had.
  public init(
    passphrase: borrowing SecretBytes, parameters: Argon2Parameters, salt: [UInt8]
  ) throws(ExchangeFailure) {
    guard parameters.isAcceptableForPassphrases, salt.count == UserRecord.saltByteCount else {
      throw .parametersOutOfBounds
    }
    let halves: SecretBytes
    do {
      halves = try Argon2.hash(
        passphrase.bytes, salt: salt.bytes, parameters: parameters, count: 64)
    } catch {
      throw .unavailable
    }
    digest = halves.part(from: 0, count: 32)
    deviceKey = halves.part(from: 32, count: 32)
    self.parameters = parameters
    self.salt = salt
  }

  /// A copy with an owner of its own.
  public borrowing func duplicate() -> PassphraseSecret { PassphraseSecret(copying: self) }

  private init(copying other: borrowing PassphraseSecret) {
    digest = other.digest.duplicate()
    deviceKey = other.deviceKey.duplicate()
    parameters = other.parameters
    salt = other.salt
  }
}
