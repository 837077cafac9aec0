public import Cryptography
public import Wire

/// What the KDC keeps of a user or a service. Holds nothing that helps without `kdc.key`: the
/// digest is sealed, everything else is public.
public struct UserRecord: PrincipalRecord {
  /// Whether a user may do anything.
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// What is disabled is kept, and gets nothing.
    case active, disabled
    /// Gone, but its key version numbers are never used again.
    case removed
    /// Without a secret: the operator has invited its owner to register anew.
    case reset

    /// Whether nobody can log in to it or find it, and a registration goes on from its key version
    /// number.
    public var isVacant: Bool { self == .removed || self == .reset }
  }

  private struct Fields: Hashable, Sendable {
    let name: PrincipalName
    var address: NetworkAddress
    var keyVersion: UInt32
    var parameters: Argon2Parameters
    var salt: [UInt8]
    var sealedDigest: [UInt8]
    var identity: VerifyingKey?
    var certificate: [UInt8]
    var state: State
    var callers: [PrincipalName]?
  }

  private var fields: Shared<Fields>

  /// Whose record it is.
  public var name: PrincipalName { fields.value.name }
  /// Where the user registered from, and the port it listens on when it says nothing else.
  public var address: NetworkAddress {
    get { fields.value.address }
    set { fields.change { $0.address = newValue } }
  }
  /// The key version number (RFC 4120: kvno). A change of secret adds one.
  public var keyVersion: UInt32 {
    get { fields.value.keyVersion }
    set { fields.change { $0.keyVersion = newValue } }
  }
  /// What it costs to make the digest from the passphrase.
  public var parameters: Argon2Parameters {
    get { fields.value.parameters }
    set { fields.change { $0.parameters = newValue } }
  }
  /// 16 bytes.
  public var salt: [UInt8] {
    get { fields.value.salt }
    set { fields.change { $0.salt = newValue } }
  }
  /// The salted passphrase digest under the storage key: nonce, ciphertext, tag (60 bytes).
  public var sealedDigest: [UInt8] {
    get { fields.value.sealedDigest }
    set { fields.change { $0.sealedDigest = newValue } }
  }
  /// The public half of the user's identity key; nil until the first login brings one.
  public var identity: VerifyingKey? {
    get { fields.value.identity }
    set { fields.change { $0.identity = newValue } }
  }
  /// The KDC's signature of name and identity key (64 bytes; empty without an identity key).
  public var certificate: [UInt8] {
    get { fields.value.certificate }
    set { fields.change { $0.certificate = newValue } }
  }
  /// Whether the user may do anything.
  public var state: State {
    get { fields.value.state }
    set { fields.change { $0.state = newValue } }
  }
  /// Who may ask for this user's address and key, in order; nil: everybody.
  public var callers: [PrincipalName]? {
    get { fields.value.callers }
    set { fields.change { $0.callers = newValue } }
  }

  /// Of the passphrase's hash.
  public static let saltByteCount = 16
  /// A nonce, the digest and a tag.
  public static let sealedDigestByteCount = 12 + 32 + 16

  /// A record, its variable parts checked by who has read them.
  public init(
    name: PrincipalName, address: NetworkAddress, keyVersion: UInt32, parameters: Argon2Parameters,
    salt: [UInt8], sealedDigest: [UInt8], identity: VerifyingKey?, certificate: [UInt8],
    state: State, callers: [PrincipalName]? = nil
  ) {
    fields = Shared(
      Fields(
        name: name, address: address, keyVersion: keyVersion, parameters: parameters, salt: salt,
        sealedDigest: sealedDigest, identity: identity, certificate: certificate, state: state,
        callers: callers))
  }

  /// Whether `name` may be told that this user is there (T4).
  public func mayBeCalled(by name: PrincipalName) -> Bool { callers?.contains(name) ?? true }
}
