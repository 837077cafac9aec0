import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A login on a tape: everything that its client holds.
struct TapeCredential {
  let realm: Realm
  var name: PrincipalName
  let identitySeed: [UInt8]
  let loginKey: [UInt8]
  let issued: Timestamp
  let expires: Timestamp
  let keyVersion: UInt32
  let certificate: [UInt8]
  let requestKey: [UInt8]
  let ticketKey: [UInt8]
  let grantedAt: Timestamp
  let end: Timestamp
  let observed: NetworkAddress
  let ticket: [UInt8]

  var identity: SigningKey { SigningKey(seed: secret(identitySeed)) }

  /// The login key, signed anew: Ed25519 gives the same signature every time.
  var signed: SignedLoginKey {
    SignedLoginKey(
      key: AgreementKey(privateKey: secret(loginKey)).publicKey, issued: issued, expires: expires,
      keyVersion: keyVersion, owner: name, realm: realm, identity: identity)
  }

  /// What the product makes of such a login.
  var credential: Credential {
    Credential(
      realm: realm, name: name, identity: identity.publicKey,
      loginKey: AgreementKey(privateKey: secret(loginKey)), signed: signed,
      grant: LoginGrant(
        name: name, keyVersion: keyVersion, certificate: certificate,
        requestKey: secret(requestKey), ticketKey: secret(ticketKey), end: end,
        observed: observed, ticket: ticket),
      grantedAt: grantedAt)
  }
}

extension TapeCenter {
  /// Section `credential`: a login of a user.
  ///
  /// - Parameter shift: how long after the usual moment the login was granted.
  func credential(
    of person: Person, variant: String = "", shift: Interval = .seconds(0),
    lifetime: Interval = .hours(10), edit: (inout TicketEdit) -> Void = { _ in }
  ) throws -> TapeCredential {
    try tape.begin("credential \(person.name)\(variant)")
    let name = try principal(tape.word("name", person.name))
    let identitySeed = try tape.given("identity-seed", person.identitySeed)
    let loginKey = try tape.given("login-key", World.bytes("\(person.loginKey)\(variant)", 32))
    let issued = try tape.time("login-key-issued", World.start + shift)
    let expires = try tape.time("login-key-expires", World.start + shift + lifetime + .hours(1))
    let keyVersion = try tape.number("key-version", keys.firstKeyVersion(for: name))
    let requestKey = try tape.drawn("request-key", 32)
    let ticketKey = try tape.drawn("ticket-key", 32)
    let grantedAt = try tape.time("granted-at", World.start + shift)
    let end = try tape.time("login-end", World.start + shift + lifetime)
    let observed = try read(try tape.given("observed", World.source())) {
      (reader) throws(WireError) in try reader.address()
    }
    let ticket = try tape.given("ticket-granting-ticket") {
      var fields = TicketEdit(
        name: name, keyVersion: keyVersion,
        key: AgreementKey(privateKey: secret(loginKey)).publicKey, loginTime: grantedAt, end: end)
      edit(&fields)
      var random = FixedRandom(World.bytes("tgt nonce of \(person.name)\(variant)", 12))
      return TicketGrantingTicket(
        name: fields.name, keyVersion: fields.keyVersion, requestKey: secret(requestKey),
        ticketKey: secret(ticketKey), loginKey: fields.key, loginTime: fields.loginTime,
        loginEnd: fields.end
      ).sealed(
        under: center.currentTicketGrantingKey(at: grantedAt), random: &random)
    }
    return TapeCredential(
      realm: realm, name: name, identitySeed: identitySeed, loginKey: loginKey, issued: issued,
      expires: expires, keyVersion: keyVersion,
      certificate: keys.certificate(
        for: name, identity: SigningKey(seed: secret(identitySeed)).publicKey),
      requestKey: requestKey, ticketKey: ticketKey, grantedAt: grantedAt, end: end,
      observed: observed, ticket: ticket)
  }
}

/// What a recording may change in a ticket-granting ticket.
struct TicketEdit {
  var name: PrincipalName
  var keyVersion: UInt32
  var key: AgreementPublicKey
  var loginTime: Timestamp
  var end: Timestamp
}
