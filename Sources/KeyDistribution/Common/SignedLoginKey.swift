public import Cryptography
internal import SecretMemory
public import Wire

/// A per-login X25519 key as its owner's identity key signed it (PROTOCOL.md, 3.5).
public struct SignedLoginKey: Hashable, Sendable {
  /// The login's public key.
  public let key: AgreementPublicKey
  /// When the owner made it, in KDC time as the owner knew it.
  public let issued: Timestamp
  /// When it is over, by the clock of who has signed it.
  public let expires: Timestamp
  /// The key version number of the login.
  public let keyVersion: UInt32
  /// Ed25519, 64 bytes. The KDC does not verify it; peers do.
  public let signature: [UInt8]

  /// Of Ed25519.
  public static let signatureByteCount = 64

  /// As it was read; whether it is good is for `PeerTrust` to judge.
  public init(
    key: AgreementPublicKey, issued: Timestamp, expires: Timestamp, keyVersion: UInt32,
    signature: [UInt8]
  ) {
    self.key = key
    self.issued = issued
    self.expires = expires
    self.keyVersion = keyVersion
    self.signature = signature
  }

  /// A login key signed by its owner. The signature never names a peer: it would prove contact.
  init(
    key: AgreementPublicKey, issued: Timestamp, expires: Timestamp, keyVersion: UInt32,
    owner: PrincipalName, realm: Realm, identity: borrowing SigningKey
  ) {
    let content = Self.content(
      key: key, issued: issued, expires: expires, keyVersion: keyVersion, owner: owner,
      realm: realm)
    self.init(
      key: key, issued: issued, expires: expires, keyVersion: keyVersion,
      signature: identity.sign(content.bytes))
  }

  func isSigned(by identity: VerifyingKey, owner: PrincipalName, realm: Realm) -> Bool {
    let content = Self.content(
      key: key, issued: issued, expires: expires, keyVersion: keyVersion, owner: owner,
      realm: realm)
    return identity.isValidSignature(signature.bytes, for: content.bytes)
  }

  private static func content(
    key: AgreementPublicKey, issued: Timestamp, expires: Timestamp, keyVersion: UInt32,
    owner: PrincipalName, realm: Realm
  ) -> [UInt8] {
    var content = ByteWriter(.loginKey, in: realm)
    content.prefixed(owner)
    content.prefixed(key.encoding)
    content.prefixed(issued)
    content.prefixed(expires)
    content.prefixed(keyVersion: keyVersion)
    return content.publicBytes()
  }
}

extension ByteWriter {
  mutating func loginKey(_ login: SignedLoginKey) {
    bytes(login.key.encoding)
    timestamp(login.issued)
    timestamp(login.expires)
    uint32(login.keyVersion)
    bytes(login.signature.bytes)
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  mutating func agreementKey() throws(WireError) -> AgreementPublicKey {
    guard let key = AgreementPublicKey(try span(32)) else { throw .invalid("X25519 key") }
    return key
  }

  @_lifetime(self: copy self)
  mutating func verifyingKey() throws(WireError) -> VerifyingKey {
    guard let key = VerifyingKey(try span(32)) else { throw .invalid("Ed25519 key") }
    return key
  }

  /// A KDC's identity as a device keeps it, and the realm's id (32) where the identity is not the
  /// founding key.
  @_lifetime(self: copy self)
  mutating func realm(hasID: Bool) throws(WireError) -> Realm {
    let identity = try verifyingKey()
    guard hasID else { return Realm(identity: identity) }
    // One form for each: the id is there only where it says something.
    guard let realm = Realm(identity: identity, id: try bytes(32)), !realm.hasFoundingIdentity
    else { throw .invalid("realm") }
    return realm
  }

  @_lifetime(self: copy self)
  mutating func loginKey() throws(WireError) -> SignedLoginKey {
    SignedLoginKey(
      key: try agreementKey(), issued: try timestamp(), expires: try timestamp(),
      keyVersion: try uint32(), signature: try bytes(SignedLoginKey.signatureByteCount))
  }
}
