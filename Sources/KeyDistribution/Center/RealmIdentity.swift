public import Cryptography
public import SecretMemory
internal import Synchronization
public import Wire

/// A KDC's identity key as it is at some time, and how it came to be. Erased with the last
/// reference to it.
final class RealmIdentity: Sendable {
  let realm: Realm
  let key: SigningKey
  let succession: IdentitySuccession
  /// Whether records may still have certificates of the identity before.
  var isRecertifying: Bool { recertifying.load(ordering: .relaxed) }
  private let recertifying: Atomic<Bool>

  /// - Parameter realm: the one that the succession leads to with this key.
  init(
    _ key: consuming SigningKey, realm: Realm, succession: IdentitySuccession, isRecertifying: Bool
  ) {
    self.realm = realm
    self.key = key
    self.succession = succession
    recertifying = Atomic(isRecertifying)
  }

  func endRecertifying() { recertifying.store(false, ordering: .relaxed) }
}

/// Another identity in the place of the present one.
extension RealmKeys {
  /// The present identity's word that the key with this public half takes its place. Nothing has
  /// changed yet.
  ///
  /// - Returns: nil when the identity has been replaced as often as can be.
  public func succession(by next: VerifyingKey, at now: Timestamp) -> IdentitySuccession? {
    let present = present
    return present.succession.continued(by: present.key, with: next, in: present.realm, at: now)
  }

  /// From now on everything is signed by this key, and the one before is erased. Certificates are
  /// made afresh for whoever asks until `endRecertifying`.
  ///
  /// - Returns: whether the succession leads from this realm to this key.
  public func adoptIdentity(
    _ seed: borrowing SecretBytes, _ succession: IdentitySuccession
  ) -> Bool {
    let key = SigningKey(seed: seed)
    guard let realm = succession.realm(of: key.publicKey), realm.id == self.realm.id else {
      return false
    }
    replace(RealmIdentity(key, realm: realm, succession: succession, isRecertifying: true))
    return true
  }

  /// Whether certificates of the former identity are still being replaced.
  public var isRecertifying: Bool { present.isRecertifying }

  /// Every record has a certificate of the present identity.
  public func endRecertifying() { present.endRecertifying() }

  /// The record with a certificate of the present identity; nil if it has one, or needs none.
  public func recertified(_ user: UserRecord) -> UserRecord? {
    guard !user.state.isVacant, let identity = user.identity, !isCertified(user) else { return nil }
    var recertified = user
    recertified.certificate = certificate(for: user.name, identity: identity)
    return recertified
  }

  /// What a user is vouched for with now.
  func certificate(of user: UserRecord) -> [UInt8] {
    guard isRecertifying, let identity = user.identity else { return user.certificate }
    return certificate(for: user.name, identity: identity)
  }

  func isCertified(_ user: UserRecord) -> Bool {
    guard let identity = user.identity else { return user.certificate.isEmpty }
    let realm = realm
    let content = realm.certificateContent(name: user.name, identity: identity)
    return realm.identity.isValidSignature(user.certificate.bytes, for: content.bytes)
  }
}
