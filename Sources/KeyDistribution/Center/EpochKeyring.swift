internal import Cryptography
internal import SecretMemory
internal import Synchronization
internal import Wire

/// A short-lived key that clients seal requests to, in memory only (PROTOCOL.md, 4.2). Erased with
/// the last reference to it.
final class Epoch: Sendable {
  let key: EpochKey
  let exchange: SealedExchange
  /// With the identity that has signed it, whose private half is not held on to.
  let realm: Realm
  let notBefore: Timestamp
  let notAfter: Timestamp
  /// The signed announcement, the same bytes for everybody.
  let announcement: [UInt8]
  /// Encapsulated keys that have been served. They die with the epoch.
  private let served: Mutex<ReplayCache>

  init(
    seed: borrowing SecretBytes, keys: RealmKeys, policy: CenterPolicy, now: Timestamp
  ) throws(SealingFailure) {
    key = try EpochKey(seed: seed)
    let identity = keys.present
    realm = identity.realm
    exchange = SealedExchange(realm: realm, epochKey: key.publicKey)
    notBefore = now
    notAfter = now + policy.epochLifetime
    let content = EpochAnnouncement.signedContent(
      realm: identity.realm, notBefore: notBefore, notAfter: notAfter, key: key.publicKey)
    announcement =
      EpochAnnouncement(
        identity: identity.realm.identity, notBefore: notBefore, notAfter: notAfter,
        key: key.publicKey, signature: identity.key.sign(content.bytes),
        succession: identity.succession
      ).message
    served = Mutex(
      ReplayCache(window: policy.epochLifetime, limit: policy.servedRequestsPerEpoch, now: now))
  }

  /// Remembers the encapsulated key of a verified login.
  func serve(encapsulatedKey: [UInt8], at now: Timestamp) -> ReplayCache.Verdict {
    let tag = ReplayTag(SHA256.hash(encapsulatedKey.bytes).bytes)
    return served.withLock { $0.insert(tag, at: now) }
  }

  /// Whether it can serve no login any more: the next epoch is due.
  var isFull: Bool { served.withLock { $0.isFull } }
}

/// The epochs that requests may come in: the newest, which is announced, and those before it whose
/// time is not over.
struct EpochKeyring {
  /// How much the moments of threads may differ before the clock counts as set back.
  private static let clockTolerance = Interval.seconds(5)

  private var epochs: [Epoch] = []

  var newest: Epoch? { epochs.last }

  func epoch(id: [UInt8], at now: Timestamp) -> Epoch? {
    epochs.last { $0.exchange.epochID == id && now <= $0.notAfter }
  }

  /// Whether the newest epoch is old enough for the next one, or of an identity that has been
  /// replaced, or there is none.
  func isDue(at now: Timestamp, policy: CenterPolicy, for realm: Realm) -> Bool {
    guard let newest, newest.realm == realm else { return true }
    let isSetBack = now + Self.clockTolerance < newest.notBefore
    return now >= newest.notBefore + policy.epochRenewal || isSetBack
      || newest.isFull
  }

  /// However fast epochs are used up, memory stays bounded: the oldest goes before its time.
  mutating func add(_ epoch: Epoch, policy: CenterPolicy) {
    epochs.append(epoch)
    if epochs.count > policy.epochsKept { epochs.removeFirst() }
  }

  /// Lets go of the keys whose time is over.
  mutating func expire(at now: Timestamp) { epochs.removeAll { now > $0.notAfter } }
}
