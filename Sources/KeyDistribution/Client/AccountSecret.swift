public import Cryptography
public import SecretMemory
internal import Wire

/// What comes out of a passphrase or of the key in a key file (PROTOCOL.md, 3.2): one half for the
/// KDC, one for this device.
@frozen
public struct AccountSecret: ~Copyable {
  /// The digest that the KDC stores (32 bytes).
  public let digest: SecretBytes
  /// What never leaves the client: it seals what the user keeps on the device (32 bytes).
  public let deviceKey: SecretBytes
  /// How both were made, to make them again off line.
  public let derivation: SecretDerivation
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
    self.init(halves: halves, derivation: .passphrase(parameters), salt: salt)
  }

  /// HKDF (RFC 5869): a random key of 256 bits cannot be guessed, and need not be hashed at a cost.
  ///
  /// - Parameter key: 32 bytes.
  init(key: borrowing SecretBytes, salt: [UInt8], name: PrincipalName, realm: Realm) {
    var context = ByteWriter(.keyFile, in: realm)
    context.prefixed(name)
    let halves = HKDF.derive(key.bytes, salt: salt.bytes, info: context.written, count: 64)
    self.init(halves: halves, derivation: .key, salt: salt)
  }

  private init(halves: borrowing SecretBytes, derivation: SecretDerivation, salt: [UInt8]) {
    digest = halves.part(from: 0, count: 32)
    deviceKey = halves.part(from: 32, count: 32)
    self.derivation = derivation
    self.salt = salt
  }

  /// A copy with an owner of its own.
  public borrowing func duplicate() -> AccountSecret { AccountSecret(copying: self) }

  private init(copying other: borrowing AccountSecret) {
    digest = other.digest.duplicate()
    deviceKey = other.deviceKey.duplicate()
    derivation = other.derivation
    salt = other.salt
  }
}

/// How an account's secret is derived from what its owner has.
public enum SecretDerivation: Hashable, Sendable {
  /// From a passphrase, by Argon2id at this cost.
  case passphrase(Argon2Parameters)
  /// From a random key, by HKDF.
  case key
}
