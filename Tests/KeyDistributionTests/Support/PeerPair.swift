import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// Two members who can call each other, and what an attacker between them can make.
final class PeerPair {
  let kdc: TestKDC
  let alice: Credential
  let bob: Credential
  var random = SeededRandom("peers")
  var cache: SessionReplayCache

  init() throws {
    kdc = try TestKDC()
    alice = try kdc.member("alice")
    bob = try kdc.member("bob")
    cache = SessionReplayCache(now: kdc.now)
    try kdc.announce(alice)
    try kdc.announce(bob)
  }

  /// Step P1 from the first to the second, with a ticket of their own.
  func call(
    from initiator: borrowing Credential, to peer: PrincipalName, pinned: VerifyingKey? = nil,
    purpose: Purpose = .session
  ) throws -> Outgoing<ExpectHandshakeReply> {
    let ephemeral = random.agreementKey()
    let granted = try kdc.grant(
      initiator, for: peer, ephemeral: ephemeral.publicKey, purpose: purpose)
    let grant = granted.value
    let trusted = try PeerTrust(realm: initiator.realm, own: initiator.name).judge(
      grant.peerClaim, pinned: pinned, at: kdc.clocks)
    return try initiator.startSession(grant, with: trusted, ephemeral: ephemeral)
  }

  func call() throws -> Outgoing<ExpectHandshakeReply> { try call(from: alice, to: bob.name) }

  /// Step P1 from Alice to Bob with a ticket that the KDC would not have made.
  func call(
    with plan: TicketPlan, ephemeral: consuming AgreementKey
  ) throws -> Outgoing<ExpectHandshakeReply> {
    let granted = try kdc.grant(alice, for: bob.name, ephemeral: ephemeral.publicKey)
    let claim = granted.value.peerClaim
    let trusted = try PeerTrust(realm: alice.realm, own: alice.name).judge(
      claim, pinned: nil, at: kdc.clocks)
    let grant = SessionGrant(
      peer: bob.name, purpose: plan.purpose, sessionKey: TicketPlan.sessionKey, claim: claim,
      addresses: [], ticket: plan.sealed(for: bob, &random))
    return try alice.startSession(grant, with: trusted, ephemeral: ephemeral)
  }

  /// Step P2 at Bob's.
  func answer(
    _ message: [UInt8], purpose: Purpose = .session,
    pinned: (PrincipalName) -> VerifyingKey? = { _ in nil }
  ) throws -> Outgoing<ExpectFirstRecord> {
    try bob.respond(
      to: message, purpose: purpose, cache: &cache, pinned: pinned,
      ephemeral: random.agreementKey(), at: kdc.clocks)
  }

  /// How Step P2 at Bob's fails.
  func failure(on message: [UInt8], purpose: Purpose = .session) -> PeerFailure? {
    peerFailure { _ = try answer(message, purpose: purpose) }
  }

  /// A session with its first record accepted.
  func session() throws -> EstablishedPair {
    let hello = try call()
    let awaitingAnswer = hello.next
    let answered = try answer(hello.message)
    let awaitingRecord = answered.next
    var initiator = try awaitingAnswer.receive(answered.message)
    let first = try initiator.seal(text("first"))
    let accepted = try awaitingRecord.receive(first)
    return EstablishedPair(initiator: initiator, responder: accepted.session)
  }
}

/// Both ends of a session.
struct EstablishedPair: ~Copyable {
  var initiator: PeerSession
  var responder: PeerSession
}

/// A ticket from Alice to Bob that a test bends before it is sealed.
struct TicketPlan {
  var purpose = Purpose.session
  var initiator: PrincipalName
  var responder: PrincipalName
  var ephemeral: AgreementPublicKey
  var identity: VerifyingKey
  var certificate: [UInt8]
  var loginKey: SignedLoginKey
  var issued: Timestamp
  var expires: Timestamp

  /// What the KDC would say.
  init(_ pair: PeerPair, ephemeral: AgreementPublicKey) throws {
    guard let user = pair.kdc.directory.users[pair.alice.name] else { throw BadTest("no user") }
    initiator = pair.alice.name
    responder = pair.bob.name
    self.ephemeral = ephemeral
    identity = pair.alice.identity
    certificate = user.certificate
    loginKey = pair.alice.signed
    issued = pair.kdc.now
    expires = pair.kdc.now + CenterPolicy().ticketLifetime
  }

  static var sessionKey: SecretBytes {
    SecretBytes(copying: [UInt8](repeating: 5, count: 32).bytes)
  }

  func sealed(for receiver: borrowing Credential, _ random: inout SeededRandom) -> [UInt8] {
    let ticket = Ticket(
      purpose: purpose, initiator: initiator, responder: responder,
      sessionKey: Self.sessionKey,
      ephemeral: ephemeral, identity: identity, certificate: certificate, loginKey: loginKey,
      issued: issued, expires: expires, id: [UInt8](repeating: 6, count: Ticket.idByteCount))
    return ticket.sealed(under: receiver.ticketKey, realm: receiver.realm, random: &random)
  }
}

extension Credential {
  /// A first handshake message for this login, with any ticket and any keys.
  borrowing func helloFrom(
    staticKey: borrowing AgreementKey, ephemeral: borrowing AgreementKey, ticket: [UInt8]
  ) throws -> [UInt8] {
    let prologue = peerPrologue(realm: realm, responder: name, identity: identity)
    var handshake = NoiseHandshake(
      .ikPsk2, role: .initiator, prologue: prologue.bytes, staticKey: staticKey.duplicate(),
      ephemeral: ephemeral.duplicate(), remoteStatic: loginKey.publicKey)
    return try handshake.writeMessage(ticket.bytes)
  }
}
