public import Cryptography
public import SecretMemory
internal import Synchronization
public import Wire

/// The long-lived keys of a KDC, each for its one purpose (PROTOCOL.md, 3.1 and 3.7).
public final class RealmKeys: Sendable {
  private let identity: Mutex<RealmIdentity>
  private let saltKey: SecretBytes
  /// No secret: zeros under a key of zeros.
  private let nobody: SealingKey
  private let digestOfNobody: [UInt8]
  let storage: StorageKeys
  /// Ticket keys of receivers who were asked for in these seconds.
  let ticketKeys = KeptKeys<PresenceRecord, TicketKey>(lifetime: .seconds(0))
  /// Shared keys of users who have proved them lately.
  let userKeys = KeptKeys<UserRecord, UserKey>(lifetime: .minutes(10))

  /// With the present identity; the id never changes.
  public var realm: Realm { present.realm }

  var present: RealmIdentity { identity.withLock { $0 } }

  /// The keys of a realm out of what was kept of them.
  public init(_ material: borrowing KDCKeyMaterial) {
    let key = SigningKey(seed: material.identitySeed)
    // A succession that does not lead to this key is not read from a file.
    let realm = material.succession.realm(of: key.publicKey) ?? Realm(identity: key.publicKey)
    identity = Mutex(
      RealmIdentity(
        key, realm: realm, succession: material.succession, isRecertifying: material.isRecertifying)
    )
    saltKey = material.saltKey.duplicate()
    storage = StorageKeys(material)
    nobody = SealingKey(SecretBytes(count: SealingKey.byteCount) { _ in })
    let zeros = [UInt8](repeating: 0, count: 32)
    let nonce = [UInt8](repeating: 0, count: SealingKey.nonceByteCount)
    digestOfNobody = nobody.seal(
      zeros.bytes, behind: nonce.bytes, nonce: nonce.bytes, authenticating: RawSpan())
  }

  func replace(_ next: RealmIdentity) { identity.withLock { $0 = next } }

  /// The salt of a name, 16 bytes, whether the name exists or not.
  func salt(for name: PrincipalName) -> [UInt8] {
    var content = ByteWriter(.salt)
    content.prefixed(name)
    return [UInt8](Self.mac(content, under: saltKey).prefix(UserRecord.saltByteCount))
  }

  /// The key version number that a name begins with, 1...65536. It depends on the name alone, so
  /// that being told one says nothing about whether the name exists.
  func firstKeyVersion(for name: PrincipalName) -> UInt32 {
    var content = ByteWriter(.firstKeyVersion)
    content.prefixed(name)
    let mac = Self.mac(content, under: saltKey)
    return (UInt32(mac[0]) << 8 | UInt32(mac[1])) + 1
  }

  private static func mac(
    _ content: borrowing ByteWriter, under key: borrowing SecretBytes
  ) -> [UInt8] {
    HMACSHA256.authenticate(content.written, key: key.bytes)
  }

  /// The salted passphrase digest as the user file keeps it: nonce, ciphertext, tag (60 bytes).
  public func sealDigest(
    _ digest: borrowing SecretBytes, name: PrincipalName, keyVersion: UInt32,
    random: inout some RandomSource
  ) -> [UInt8] {
    let context = digestContext(name: name, keyVersion: keyVersion)
    return storage.seal(digest, .digest, context, random: &random)
  }

  func openDigest(of user: UserRecord) throws(AuthenticationFailure) -> SecretBytes {
    let context = digestContext(name: user.name, keyVersion: user.keyVersion)
    return try storage.open(user.sealedDigest, .digest, context)
  }

  /// What stands in for the digest of somebody who has none, at the cost of opening one.
  func openDigestOfNobody() -> SecretBytes? {
    let sealed = digestOfNobody
    return try? nobody.openWithNonce(sealed.bytes, authenticating: RawSpan())
  }

  func digestContext(name: PrincipalName, keyVersion: UInt32) -> [UInt8] {
    var context = ByteWriter(.digestStorage, in: realm)
    context.prefixed(name)
    context.prefixed(keyVersion: keyVersion)
    return context.publicBytes()
  }

  /// The ticket key of a receiver's login as presence keeps it (60 bytes).
  func sealTicketKey(
    _ ticketKey: borrowing SecretBytes, name: PrincipalName, loginTime: Timestamp,
    random: inout some RandomSource
  ) -> [UInt8] {
    let context = presenceContext(name: name, loginTime: loginTime)
    return storage.seal(ticketKey, .ticketKey, context, random: &random)
  }

  func openTicketKey(of record: some LoginRecord) throws(AuthenticationFailure) -> SecretBytes {
    let context = presenceContext(name: record.name, loginTime: record.loginTime)
    return try storage.open(record.sealedTicketKey, .ticketKey, context)
  }

  /// The same, ready to seal with.
  func ticketKey(of presence: PresenceRecord) throws(AuthenticationFailure) -> TicketKey {
    let sealed = presence.sealedTicketKey
    if let kept = ticketKeys.key(of: presence, sealed: sealed) { return kept }
    let key = TicketKey(try openTicketKey(of: presence))
    ticketKeys.keep(key, of: presence, sealed: sealed)
    return key
  }

  func presenceContext(name: PrincipalName, loginTime: Timestamp) -> [UInt8] {
    var context = ByteWriter(.presenceStorage, in: realm)
    context.prefixed(name)
    context.prefixed(loginTime)
    return context.publicBytes()
  }

  /// Calls `body` with the present identity, and with what signs a checkpoint of the audit trail
  /// under it (64 bytes), whose content begins with a label of its own (AUDIT.md, 4).
  public func withAuditSigner(_ body: (VerifyingKey, (RawSpan) -> [UInt8]) -> Void) {
    let present = present
    body(present.realm.identity) { present.key.sign($0) }
  }

  /// The KDC's signature that an identity key is a user's (64 bytes).
  func certificate(for name: PrincipalName, identity key: VerifyingKey) -> [UInt8] {
    let present = present
    return present.key.sign(present.realm.certificateContent(name: name, identity: key).bytes)
  }
}
