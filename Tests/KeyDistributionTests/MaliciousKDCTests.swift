import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

/// A KDC that does what it likes: it has every key that a KDC has, and mints what it wants. These
/// tests say what it can do, and what it cannot.
@Suite("A KDC that is actively malicious")
struct MaliciousKDCTests {
  /// Keys that the KDC made up for a user.
  private struct Impostor: ~Copyable {
    let user: TestUser
    let loginKey: AgreementKey
    let signed: SignedLoginKey
    let certificate: [UInt8]

    init(_ name: PrincipalName, _ pair: PeerPair) throws {
      user = try TestUser(name.description, variant: "impostor")
      loginKey = pair.random.agreementKey()
      signed = SignedLoginKey(
        key: loginKey.publicKey, issued: pair.kdc.now, expires: pair.kdc.now + .hours(1),
        keyVersion: 1, owner: name, realm: pair.kdc.realm, identity: user.identity)
      certificate = pair.kdc.center.keys.certificate(
        for: name, identity: user.identity.publicKey)
    }
  }

  private func trust(_ pair: PeerPair) -> PeerTrust {
    PeerTrust(realm: pair.alice.realm, own: pair.alice.name)
  }

  @Test("The known limit: at a first meeting it can put its own keys in the place of a peer's")
  func firstMeetingInitiator() throws {
    let pair = try PeerPair()
    let impostor = try Impostor(pair.bob.name, pair)
    let claim = PeerClaim(
      name: pair.bob.name, identity: impostor.user.identity.publicKey,
      certificate: impostor.certificate, loginKey: impostor.signed)
    let judged = try trust(pair).judge(claim, pinned: nil, at: pair.kdc.clocks)
    // Not silently: it is a key that nobody has pinned, and a pin exposes it for ever after.
    #expect(!judged.isPinned)
    #expect(judged.identity != pair.bob.identity)
  }

  @Test("After the first meeting it is shut out: the initiator's pin refuses the impostor")
  func pinnedInitiator() throws {
    let pair = try PeerPair()
    let impostor = try Impostor(pair.bob.name, pair)
    let claim = PeerClaim(
      name: pair.bob.name, identity: impostor.user.identity.publicKey,
      certificate: impostor.certificate, loginKey: impostor.signed)
    let failure = distrust {
      _ = try trust(pair).judge(claim, pinned: pair.bob.identity, at: pair.kdc.clocks)
    }
    #expect(failure == .identityChanged)
  }

  /// A first message to Bob by a KDC that poses as Alice: it knows Bob's ticket key.
  private func posing(_ pair: PeerPair) throws -> [UInt8] {
    let impostor = try Impostor(pair.alice.name, pair)
    let ephemeral = pair.random.agreementKey()
    var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    plan.identity = impostor.user.identity.publicKey
    plan.certificate = impostor.certificate
    plan.loginKey = impostor.signed
    return try pair.bob.helloFrom(
      staticKey: impostor.loginKey, ephemeral: ephemeral,
      ticket: plan.sealed(for: pair.bob, &pair.random))
  }

  @Test("The known limit: at a first meeting it can pose as the initiator")
  func firstMeetingResponder() throws {
    let pair = try PeerPair()
    #expect(try pair.failure(on: posing(pair)) == nil)
  }

  @Test("After the first meeting it is shut out: the responder's pin refuses the impostor")
  func pinnedResponder() throws {
    let pair = try PeerPair()
    let message = try posing(pair)
    let failure = peerFailure { _ = try pair.answer(message) { _ in pair.alice.identity } }
    #expect(failure == .distrusted(.identityChanged))
  }

  @Test("With the true identity it cannot slip in a per-login key of its own")
  func unsignedLoginKey() throws {
    let pair = try PeerPair()
    let impostor = try Impostor(pair.alice.name, pair)
    let ephemeral = pair.random.agreementKey()
    var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    plan.loginKey = SignedLoginKey(
      key: impostor.loginKey.publicKey, issued: plan.loginKey.issued,
      expires: plan.loginKey.expires, keyVersion: plan.loginKey.keyVersion,
      signature: plan.loginKey.signature)
    let message = try pair.bob.helloFrom(
      staticKey: impostor.loginKey, ephemeral: ephemeral,
      ticket: plan.sealed(for: pair.bob, &pair.random))
    #expect(pair.failure(on: message) == .distrusted(.notSigned))
  }

  @Test("With the true keys in the ticket it cannot hold the handshake: it lacks the private half")
  func withoutPrivateHalf() throws {
    let pair = try PeerPair()
    let ephemeral = pair.random.agreementKey()
    let plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    let message = try pair.bob.helloFrom(
      staticKey: pair.random.agreementKey(), ephemeral: ephemeral,
      ticket: plan.sealed(for: pair.bob, &pair.random))
    #expect(pair.failure(on: message) == .keysDiffer)
  }

  @Test("Knowing the session key, it cannot answer in the responder's place")
  func answerInPlace() throws {
    let pair = try PeerPair()
    let ephemeral = pair.random.agreementKey()
    let plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    let hello = try pair.call(with: plan, ephemeral: ephemeral)
    // The same name and ticket key, but not the private half of Bob's per-login key.
    let message = hello.message
    let own = pair.random.agreementKey()
    let prologue = peerPrologue(
      realm: pair.bob.realm, responder: pair.bob.name, identity: pair.bob.identity)
    var handshake = NoiseHandshake(
      .ikPsk2, role: .responder, prologue: prologue.bytes, staticKey: own,
      ephemeral: pair.random.agreementKey(), remoteStatic: nil)
    let failure = failure(NoiseFailure.self) { _ = try handshake.readMessage(message.bytes) }
    #expect(failure != nil)
  }

  @Test("It sets its clock back to revive a login key that has expired: one's own clock refuses")
  func clockSetBack() throws {
    let pair = try PeerPair()
    let hello = try pair.call()
    let later = PeerTrust.Clocks(kdc: pair.kdc.now, own: pair.kdc.now + .days(3))
    let message = hello.message
    let failure = peerFailure {
      _ = try pair.bob.respond(
        to: message, cache: &pair.cache, ephemeral: pair.random.agreementKey(), at: later)
    }
    #expect(failure == .distrusted(.notCurrent))
  }

  @Test("It gives the two ends different session keys: neither completes")
  func differentSessionKeys() throws {
    let pair = try PeerPair()
    let ephemeral = pair.random.agreementKey()
    let plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    let granted = try pair.kdc.grant(pair.alice, for: pair.bob.name, ephemeral: plan.ephemeral)
    let claim = granted.value.peerClaim
    let grant = SessionGrant(
      peer: pair.bob.name, purpose: .session, sessionKey: pair.random.secret(32), claim: claim,
      addresses: [], ticket: plan.sealed(for: pair.bob, &pair.random))
    let trusted = try trust(pair).judge(claim, pinned: nil, at: pair.kdc.clocks)
    let hello = try pair.alice.startSession(grant, with: trusted, ephemeral: ephemeral)
    let answered = try pair.answer(hello.message)
    #expect(hello.next.failure(on: answered.message) == .handshake)
  }

  @Test("It certifies a user wrongly at login: the client notices at once")
  func wrongCertificate() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    kdc.directory.edit(user.name) { $0.certificate = [UInt8](repeating: 0, count: 64) }
    #expect(exchangeFailure { _ = try kdc.logIn(user) } == .notAuthentic)
  }
}
