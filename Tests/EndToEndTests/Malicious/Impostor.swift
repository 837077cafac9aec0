import Cryptography
import SecretMemory
import SystemClock
import Wire

@testable import KeyDistribution

/// Keys that a malicious KDC makes up for somebody's name: an identity that the realm's own key
/// certifies, and a login. Nothing about them is wrong but whose they are.
final class Impostor: Sendable {
  let credential: Credential
  let record: UserRecord
  private let ticketKey: SecretBytes

  var name: PrincipalName { credential.name }

  /// - Parameter record: what the KDC knows of the name, to be the same but for the keys.
  init(inThePlaceOf record: UserRecord, by keys: RealmKeys) throws {
    var random = SystemRandom()
    let identity = SigningKey(seed: random.secret(32))
    let loginKey = AgreementKey(privateKey: random.secret(32))
    let now = SystemClock.now
    ticketKey = random.secret(32)
    let signed = SignedLoginKey(
      key: loginKey.publicKey, issued: now, expires: now + .hours(1),
      keyVersion: record.keyVersion, owner: record.name, realm: keys.realm, identity: identity)
    credential = Credential(
      realm: keys.realm, name: record.name, identity: identity.publicKey, end: now + .hours(1),
      grantedAt: now, observed: try loopback(0), loginKey: loginKey, signed: signed,
      ticketKey: ticketKey.duplicate(), requestKey: random.secret(32), ticket: [])
    var lie = record
    lie.identity = identity.publicKey
    lie.certificate = keys.certificate(for: record.name, identity: identity.publicKey)
    self.record = lie
  }

  /// What a presence of this impostor at a port of this machine looks like.
  func presence(at port: UInt16, sealedBy keys: RealmKeys) throws -> PresenceRecord {
    var random = SystemRandom()
    return PresenceRecord(
      name: name, keyVersion: record.keyVersion, loginTime: credential.grantedAt,
      loginEnd: credential.end, addresses: [try loopback(port)], loginKey: credential.signed,
      sealedTicketKey: keys.sealTicketKey(
        ticketKey, name: name, loginTime: credential.grantedAt, random: &random))
  }

  /// What it says of itself to somebody who is called.
  func ticket(
    for receiver: PrincipalName, sessionKey: borrowing SecretBytes,
    ephemeral: AgreementPublicKey
  ) -> Ticket {
    var random = SystemRandom()
    let now = SystemClock.now
    return Ticket(
      purpose: .session, initiator: name, responder: receiver,
      sessionKey: sessionKey.duplicate(), ephemeral: ephemeral,
      identity: credential.identity, certificate: record.certificate,
      loginKey: credential.signed, issued: now, expires: now + .minutes(5),
      id: random.bytes(Ticket.idByteCount))
  }
}

func loopback(_ port: UInt16) throws -> NetworkAddress {
  guard let address = NetworkAddress(ip: [127, 0, 0, 1], port: port) else {
    throw TestProblem("loopback")
  }
  return address
}

/// The clocks of a machine that agrees with its KDC.
var agreeingClocks: PeerTrust.Clocks {
  let now = SystemClock.now
  return PeerTrust.Clocks(kdc: now, own: now)
}
