import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A KDC that now and then puts keys of its own in the place of a receiver's: identity, certificate
/// and login key all verify, and are nobody's. Only a pin tells, or that nobody answers to them.
enum Liar {
  /// The records of a query with a lie in them, if this is a request for a ticket and it is time.
  static func bend(_ records: Records, for query: RecordQuery, in world: World) -> Records {
    guard let peer = query.presences.first, !query.users.isEmpty, query.users[0] != peer,
      var user = records.users[peer], let presence = records.presences[peer],
      world.lies.chance(200)
    else { return records }
    let identity = SigningKey(seed: world.lies.secret(32))
    let key = presence.loginKey
    user.identity = identity.publicKey
    user.certificate = world.realmKeys.certificate(for: peer, identity: identity.publicKey)
    var bent = records
    bent.users[peer] = user
    bent.presences[peer] = PresenceRecord(
      name: peer, keyVersion: presence.keyVersion, loginTime: presence.loginTime,
      loginEnd: presence.loginEnd, addresses: presence.addresses,
      loginKey: SignedLoginKey(
        key: world.lies.agreementKey().publicKey, issued: key.issued, expires: key.expires,
        keyVersion: key.keyVersion, owner: peer, realm: world.realmKeys.realm,
        identity: identity),
      sealedTicketKey: presence.sealedTicketKey)
    world.note(.lied, "kdc about \(peer)")
    return bent
  }
}
