internal import Cryptography
internal import KeyDistribution

/// What to do with a peer whom nobody has met before, and for whom the KDC alone vouches.
public enum NewPeerPolicy: String, CaseIterable, Sendable {
  case refuse
  /// A person decides; without one it is as `refuse`.
  case ask
  case accept
}

/// Decides about peers who are new.
struct NewPeers {
  let policy: NewPeerPolicy
  let person: any Person

  enum Verdict {
    case admitted
    case refused
    /// A person has to be asked.
    case open
  }

  /// What is known about a peer without a question.
  func verdict(on peer: TrustedPeer) -> Verdict {
    if peer.isPinned { return .admitted }
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
    return try person.agrees(
      to: "\(peer.name) is new. The fingerprint is \(fingerprint). Trust it? [y/N]")
  }

  static func fingerprint(of peer: TrustedPeer, in realm: Realm) -> Fingerprint {
    Fingerprint(of: peer.identity, name: peer.name, realmID: realm.id)
  }
}
