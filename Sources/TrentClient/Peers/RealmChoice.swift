public import KeyDistribution

/// Which KDC somebody means who names a peer, or oneself, off line.
public enum RealmChoice: Hashable, Sendable {
  /// Nothing said: good where the name is known at one KDC only.
  case only
  /// The KDC with this identity.
  case realm(Realm)
  /// The KDC that is pinned for these places.
  case kdc(KDCTarget)

  static let hint = "Choose the KDC with --kdc-key, or with -a and -p."

  /// The realm that was named; nil when none was.
  func realm(_ known: KnownKDCs) throws(ClientFailure) -> Realm? {
    switch self {
    case .only: return nil
    case .realm(let named):
      // A word tells the id only where it is of the founding key.
      return try known.all().map(\.realm).first { $0.identity == named.identity } ?? named
    case .kdc(let target):
      guard let pin = try known.pin(of: target) else {
        throw ClientFailure(
          .kdcIdentity,
          "No identity is known of a KDC at \(target). Pass its word with --kdc-key instead.")
      }
      return pin.realm
    }
  }
}
