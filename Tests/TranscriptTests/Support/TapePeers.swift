import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// What two peers hold when a session begins, on a tape. The initiator is alice.
final class TapePeers {
  let tape: Tape
  let kdc: TapeCenter
  let alice: TapeCredential
  let bob: TapeCredential
  let ephemeralKey: [UInt8]
  let sessionKey: [UInt8]
  /// What the ticket is for.
  let purpose: Purpose
  /// Both ends' clocks.
  let now: Timestamp
  let ticket: [UInt8]

  /// Sections `credential` and `grant`.
  ///
  /// - Parameters:
  ///   - editTicket: what is to be different in the ticket while recording.
  ///   - editSealed: what is to be different in the sealed ticket.
  init(
    _ tape: Tape, purpose: Purpose = .session, now: Timestamp = World.start + .seconds(3),
    editTicket: (inout TapeTicket) -> Void = { _ in },
    editSealed: (inout [UInt8]) -> Void = { _ in }
  ) throws {
    self.tape = tape
    self.purpose = purpose
    kdc = try TapeCenter(tape)
    alice = try kdc.credential(of: .alice)
    bob = try kdc.credential(of: .bob)
    try tape.begin("grant")
    self.now = try tape.time("time", now)
    ephemeralKey = try tape.drawn("ephemeral-key", 32)
    sessionKey = try tape.drawn("session-key", 32)
    var made = TapeTicket(
      initiator: alice.name, responder: bob.name,
      ephemeral: AgreementKey(privateKey: secret(ephemeralKey)).publicKey,
      identity: alice.identity.publicKey, certificate: alice.certificate, loginKey: alice.signed,
      issued: World.start + .seconds(2), expires: World.start + .seconds(2) + .minutes(5))
    made.purpose = purpose
    editTicket(&made)
    let key = sessionKey
    let (kdc, bob) = (kdc, bob)
    ticket = try tape.given("ticket") {
      var random = FixedRandom(World.bytes("ticket nonce", 12))
      var sealed = made.ticket(sessionKey: secret(key)).sealed(
        under: SealingKey(secret(bob.ticketKey)), realm: kdc.realm, random: &random)
      editSealed(&sealed)
      return sealed
    }
  }

  var clocks: PeerTrust.Clocks { PeerTrust.Clocks(kdc: now, own: now) }

  /// What the KDC says of bob.
  var claim: PeerClaim {
    PeerClaim(
      name: bob.name, identity: bob.identity.publicKey, certificate: bob.certificate,
      loginKey: bob.signed)
  }

  /// Section `initiator`: trust, and message 1, made anew every time.
  func hello(
    claim: PeerClaim? = nil, pinned: VerifyingKey? = nil
  ) throws -> Outgoing<ExpectHandshakeReply> {
    let claim = claim ?? self.claim
    let trusted = try PeerTrust(realm: kdc.realm, own: alice.name).judge(
      claim, pinned: pinned, at: clocks)
    let grant = SessionGrant(
      peer: bob.name, purpose: purpose, sessionKey: secret(sessionKey), claim: claim,
      addresses: [], ticket: ticket)
    let outgoing = try alice.credential.startSession(
      grant, with: trusted, ephemeral: AgreementKey(privateKey: secret(ephemeralKey)))
    try tape.begin("initiator")
    try tape.check("message-1", outgoing.message)
    return outgoing
  }

  /// Section `ticket opened`: as the responder sees it.
  func checkTicket() throws {
    try tape.begin("ticket opened")
    let ticket = self.ticket
    let plaintext = try SealingKey(secret(bob.ticketKey)).openWithNonce(
      ticket.bytes, authenticating: ByteWriter(.ticket, in: kdc.realm).written)
    try tape.check("plaintext", [UInt8](plaintext.bytes))
    let binding = PeerBinding(
      realm: kdc.realm, purpose: purpose,
      initiator: PeerEnd(
        name: alice.name, identity: alice.identity.publicKey, loginKey: alice.signed.key),
      responder: PeerEnd(
        name: bob.name, identity: bob.identity.publicKey, loginKey: bob.signed.key),
      ephemeral: AgreementKey(privateKey: secret(ephemeralKey)).publicKey)
    try tape.check("psk", [UInt8](binding.preSharedKey(secret(sessionKey)).bytes))
    try tape.check(
      "prologue",
      peerPrologue(
        realm: kdc.realm, responder: bob.name, identity: bob.identity.publicKey))
  }

  /// The initiator after message 2, and the responder before the first record.
  struct Ends: ~Copyable {
    var sender: PeerSession
    let responder: ExpectFirstRecord
  }

  /// Section `responder`: message 2, made anew every time, and what the initiator makes of it.
  func answer(_ hello: consuming Outgoing<ExpectHandshakeReply>) throws -> Ends {
    var cache = SessionReplayCache(now: now)
    let message = hello.message
    let initiator = hello.next
    let answer = try respond(to: message, cache: &cache)
    let answered = answer.message
    let responder = answer.next
    try tape.check("message-2", answered)
    let sender = try initiator.receive(answered.bytes)
    try tape.check("handshake-hash", sender.handshakeHash)
    return Ends(sender: sender, responder: responder)
  }

  /// What bob makes of a first message.
  func respond(
    to message: [UInt8], cache: inout SessionReplayCache, pinned: VerifyingKey? = nil,
    at clocks: PeerTrust.Clocks? = nil
  ) throws -> Outgoing<ExpectFirstRecord> {
    try tape.begin("responder")
    let ephemeral = try tape.secret("ephemeral-key", 32)
    return try bob.credential.respond(
      to: message.bytes, purpose: purpose, cache: &cache, pinned: { _ in pinned },
      ephemeral: AgreementKey(privateKey: ephemeral), at: clocks ?? self.clocks)
  }
}

/// What a recording may change in a ticket.
struct TapeTicket {
  var purpose = Purpose.session
  var initiator: PrincipalName
  var responder: PrincipalName
  var ephemeral: AgreementPublicKey
  var identity: VerifyingKey
  var certificate: [UInt8]
  var loginKey: SignedLoginKey
  var issued: Timestamp
  var expires: Timestamp

  func ticket(sessionKey: consuming SecretBytes) -> Ticket {
    Ticket(
      purpose: purpose, initiator: initiator, responder: responder, sessionKey: sessionKey,
      ephemeral: ephemeral, identity: identity, certificate: certificate, loginKey: loginKey,
      issued: issued, expires: expires, id: World.bytes("ticket id", Ticket.idByteCount))
  }
}
