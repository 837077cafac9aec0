public import Cryptography
public import Wire

/// What the KDC keeps of a user or a service. Holds nothing that helps without `kdc.key`: the
/// digest is sealed, everything else is public.
public struct UserRecord: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    case active, disabled
    /// Gone, but its key version numbers are never used again.
    case removed
    /// Without a secret: the operator has invited its owner to register anew.
    case reset

    /// Whether nobody can log in to it or find it, and a registration goes on from its key version
    /// number.
    public var isVacant: Bool { self == .removed || self == .reset }
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
  /// Who may ask for this user's address and key, in order; nil: everybody.
  public var callers: [PrincipalName]?

  public static let saltByteCount = 16
  public static let sealedDigestByteCount = 12 + 32 + 16

  public init(
    name: PrincipalName, address: NetworkAddress, keyVersion: UInt32, parameters: Argon2Parameters,
    salt: [UInt8], sealedDigest: [UInt8], identity: VerifyingKey?, certificate: [UInt8],
    state: State, callers: [PrincipalName]? = nil
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
    self.callers = callers
  }

  public func mayBeCalled(by name: PrincipalName) -> Bool { callers?.contains(name) ?? true }
}
