public import Cryptography
public import Wire

/// What the KDC keeps of a user or a service. Holds nothing that helps without `kdc.key`: the
/// digest is sealed, everything else is public.
public struct UserRecord: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    case active, disabled
    /// Gone, but its key version numbers are never used again.
    case removed
  }

  public let name: PrincipalName
  /// Where the user registered from, and the port it listens on when it says nothing else.
  public var address: NetworkAddress
  /// The key version number (RFC 4120: kvno). A change of secret adds one.
  public var keyVersion: UInt32
  /// What it costs to make the digest from the passphrase.
  public var parameters: Argon2Parameters
  /// 16 bytes.
  public var salt: [UInt8]
  /// The salted passphrase digest under the storage key: nonce, ciphertext, tag (60 bytes).
  public var sealedDigest: [UInt8]
  /// The public half of the user's identity key; nil until the first login brings one.
  public var identity: VerifyingKey?
  /// The KDC's signature of name and identity key (64 bytes; empty without an identity key).
  public var certificate: [UInt8]
  public var state: State

  public static let saltByteCount = 16
  public static let sealedDigestByteCount = 12 + 32 + 16

  public init(
    name: PrincipalName, address: NetworkAddress, keyVersion: UInt32, parameters: Argon2Parameters,
    salt: [UInt8], sealedDigest: [UInt8], identity: VerifyingKey?, certificate: [UInt8],
    state: State
  ) {
    self.name = name
    self.address = address
    self.keyVersion = keyVersion
    self.parameters = parameters
    self.salt = salt
    self.sealedDigest = sealedDigest
    self.identity = identity
    self.certificate = certificate
    self.state = state
  }
}
