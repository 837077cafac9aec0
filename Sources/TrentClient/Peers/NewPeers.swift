internal import Cryptography
internal import KeyDistribution
internal import Synchronization
internal import Wire

/// What to do with a peer whom nobody has met before, and for whom the KDC alone vouches.
public enum NewPeerPolicy: String, CaseIterable, Sendable {
  /// Whoever has not been met is turned away.
  case refuse
  /// A person decides; without one it is as `refuse`.
  case ask
  /// The KDC's word is enough.
  case accept
}

/// Decides about peers who are new. A person who has agreed to one is not asked again.
struct NewPeers {
  let policy: NewPeerPolicy
  let person: any Person
  private let agreed = AgreedPeers()

  init(policy: NewPeerPolicy, person: any Person) {
    self.policy = policy
    self.person = person
  }

  enum Verdict {
    case admitted
    case refused
    /// A person has to be asked.
    case open
  }

  /// What is known about a peer without a question.
  func verdict(on peer: TrustedPeer) -> Verdict {
    if peer.isPinned || agreed.contains(peer) { return .admitted }
    return switch policy {
    case .accept: .admitted
    case .ask: person.isPresent ? .open : .refused
    case .refuse: .refused
    }
  }

  /// Whether to go on with a peer. May ask, and so take long.
  func admits(_ peer: TrustedPeer, in realm: Realm) throws(ClientFailure) -> Bool {
    switch verdict(on: peer) {
    case .admitted: return true
    case .refused: return false
    case .open: break
    }
    let fingerprint = Self.fingerprint(of: peer, in: realm)
    guard
      try person.agrees(
        to: "\(peer.name) is new. The fingerprint is \(fingerprint). Trust it? [y/N]")
    else { return false }
    agreed.add(peer)
    return true
  }

  static func fingerprint(of peer: TrustedPeer, in realm: Realm) -> Fingerprint {
    Fingerprint(of: peer.identity, name: peer.name, realmID: realm.id)
  }
}

/// To whom a person has agreed, by name and identity key: until this program ends, or they are
/// pinned.
private final class AgreedPeers: Sendable {
  private let all = Mutex<[(name: PrincipalName, identity: VerifyingKey)]>([])

  func contains(_ peer: TrustedPeer) -> Bool {
    all.withLock { $0.contains { $0.name == peer.name && $0.identity == peer.identity } }
  }

  func add(_ peer: TrustedPeer) { all.withLock { $0.append((peer.name, peer.identity)) } }
}
