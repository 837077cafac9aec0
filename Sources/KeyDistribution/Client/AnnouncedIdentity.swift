public import Cryptography

/// The identity that a KDC shows, and those that it has had before, each of which has signed the
/// next one (PROTOCOL.md, 2.4). Whether it is the KDC that is meant has still to be judged.
public struct AnnouncedIdentity: Hashable, Sendable {
  /// The realm, with its present identity.
  public let realm: Realm
  private let former: [VerifyingKey]

  /// Of a KDC that has had no other.
  public init(_ realm: Realm) { self.init(realm, after: []) }

  /// - Parameter former: verified to lead to this realm's identity.
  init(_ realm: Realm, after former: [VerifyingKey]) {
    self.realm = realm
    self.former = former
  }

  /// Whether the KDC has had this identity, or has it now.
  public func isFrom(_ identity: VerifyingKey) -> Bool {
    identity == realm.identity || former.contains(identity)
  }

  /// Whether the identity that is pinned has been replaced by this one, as it says itself.
  public func succeeds(_ pinned: Realm) -> Bool {
    pinned.id == realm.id && former.contains(pinned.identity)
  }
}
