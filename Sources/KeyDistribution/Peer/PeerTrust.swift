public import Cryptography
internal import SecretMemory
public import Wire

/// What the KDC says of a peer: its identity key with the certificate, and its per-login key with
/// the signature. Nothing of it is believed before `PeerTrust` has judged it.
public struct PeerClaim: Hashable, Sendable {
  /// Who it is said to be.
  public let name: PrincipalName
  /// What it signs its login keys with.
  public let identity: VerifyingKey
  let certificate: [UInt8]
  let loginKey: SignedLoginKey

  /// When the time of its per-login key is over, in KDC time.
  public var expires: Timestamp { loginKey.expires }
}

/// Why a peer is not who the KDC says.
public enum PeerDistrust: Error, Hashable, Sendable {
  /// The KDC names ourselves as the peer.
  case ownName
  /// The identity key is not the one that is pinned for this name.
  case identityChanged
  /// The certificate is not the pinned KDC's.
  case notCertified
  /// The per-login key is not signed by the identity key, for this name in this realm.
  case notSigned
  /// The per-login key's time is over, not yet come, or longer than anybody should ask for.
  case notCurrent
}

/// A peer whose keys have been judged. Only `PeerTrust` makes one.
public struct TrustedPeer: Hashable, Sendable {
  /// Who it is.
  public let name: PrincipalName
  /// What it signs its login keys with; to be pinned.
  public let identity: VerifyingKey
  /// Whether the identity key was pinned already, or is vouched for by the KDC alone.
  public let isPinned: Bool
  let loginKey: AgreementPublicKey
}

/// Judges what the KDC says of a peer, the same way on both sides (PROTOCOL.md, 5.2).
public struct PeerTrust: Sendable {
  /// The longest life of a per-login key that is accepted.
  static let longestKeyLife = Interval.days(32)
  /// How far two machines may disagree about KDC time.
  public static let clockTolerance = Interval.minutes(5)
  /// How far one's own clock may be off: a malicious KDC sets its own.
  public static let ownClockTolerance = Interval.days(1)

  /// In which realm it judges.
  public let realm: Realm
  /// One's own name.
  public let own: PrincipalName

  /// Trust of one side, whose name nobody else may have.
  public init(realm: Realm, own: PrincipalName) {
    self.realm = realm
    self.own = own
  }

  /// Two clocks that both have to agree.
  public struct Clocks: Hashable, Sendable {
    /// KDC time.
    public let kdc: Timestamp
    /// The machine's own time.
    public let own: Timestamp

    /// Both are needed: no one clock decides alone (U4).
    public init(kdc: Timestamp, own: Timestamp) {
      self.kdc = kdc
      self.own = own
    }
  }

  /// The same; and once more, when the certificate is not the pinned KDC's, with the identity that
  /// has taken that one's place.
  ///
  /// - Parameter successor: nil when there is none.
  public func judge(
    _ claim: PeerClaim, pinned: VerifyingKey?, at clocks: Clocks, successor: () -> Realm?
  ) throws(PeerDistrust) -> TrustedPeer {
    do throws(PeerDistrust) {
      return try judge(claim, pinned: pinned, at: clocks)
    } catch {
      guard error == .notCertified, let next = successor(), next.id == realm.id else { throw error }
      return try PeerTrust(realm: next, own: own).judge(claim, pinned: pinned, at: clocks)
    }
  }

  /// - Parameter pinned: the identity key pinned for this realm and name, if there is one.
  public func judge(
    _ claim: PeerClaim, pinned: VerifyingKey?, at clocks: Clocks
  ) throws(PeerDistrust) -> TrustedPeer {
    // U1. The name is well formed, which its type says, and not one's own.
    guard claim.name != own else { throw .ownName }
    // U2. A pin decides alone; without one the pinned KDC must vouch for the key.
    if let pinned {
      guard pinned == claim.identity else { throw .identityChanged }
    } else {
      let content = realm.certificateContent(name: claim.name, identity: claim.identity)
      guard realm.identity.isValidSignature(claim.certificate.bytes, for: content.bytes) else {
        throw .notCertified
      }
    }
    // U3. The identity key signed exactly this login key, for this name in this realm.
    guard claim.loginKey.isSigned(by: claim.identity, owner: claim.name, realm: realm) else {
      throw .notSigned
    }
    // U4. By KDC time, and by one's own clock.
    try check(claim.loginKey, at: clocks.kdc, tolerance: Self.clockTolerance)
    try check(claim.loginKey, at: clocks.own, tolerance: Self.ownClockTolerance)
    return TrustedPeer(
      name: claim.name, identity: claim.identity, isPinned: pinned != nil,
      loginKey: claim.loginKey.key)
  }

  private func check(
    _ key: SignedLoginKey, at now: Timestamp, tolerance: Interval
  ) throws(PeerDistrust) {
    guard key.issued <= now + tolerance, now <= key.expires + tolerance,
      key.issued < key.expires, key.expires.since(key.issued) <= Self.longestKeyLife
    else { throw .notCurrent }
  }
}
