import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("P1-P3: the session between two peers")
struct PeerSessionTests {
  /// How Bob takes a first message whose ticket, or whose keys, were bent.
  private func failure(
    _ pair: PeerPair, staticKey: (inout SeededRandom) -> AgreementKey? = { _ in nil },
    bend: (inout TicketPlan) throws -> Void
  ) throws -> PeerFailure? {
    let ephemeral = pair.random.agreementKey()
    var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    try bend(&plan)
    let ticket = plan.sealed(for: pair.bob, &pair.random)
    let message: [UInt8]
    if let other = staticKey(&pair.random) {
      message = try pair.bob.helloFrom(staticKey: other, ephemeral: ephemeral, ticket: ticket)
    } else {
      message = try pair.bob.helloFrom(
        staticKey: pair.alice.loginKey, ephemeral: ephemeral, ticket: ticket)
    }
    return pair.failure(on: message)
  }

  // MARK: The ticket

  @Test("P2: the bent tickets below are taken when they are straight")
  func straight() throws {
    #expect(try failure(PeerPair()) { _ in } == nil)
  }

  @Test("P2: a ticket is for one login: the responder's next one does not open it")
  func nextLogin() throws {
    let pair = try PeerPair()
    let hello = try pair.call()
    let next = try pair.kdc.logIn(TestUser("bob"))
    let message = hello.message
    #expect(
      peerFailure {
        _ = try next.respond(
          to: message, cache: &pair.cache, ephemeral: pair.random.agreementKey(),
          at: pair.kdc.clocks)
      } == .handshake)
    // Nor when the handshake is made for the next login's key.
    let ephemeral = pair.random.agreementKey()
    let ticket = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
      .sealed(for: pair.bob, &pair.random)
    let adapted = try next.helloFrom(
      staticKey: pair.alice.loginKey, ephemeral: ephemeral, ticket: ticket)
    #expect(
      peerFailure {
        _ = try next.respond(
          to: adapted, cache: &pair.cache, ephemeral: pair.random.agreementKey(),
          at: pair.kdc.clocks)
      } == .ticketNotForUs)
  }

  @Test("HOSTILE C 13 (Otway-Rees): a ticket for another purpose")
  func purpose() throws {
    for purpose in [Purpose.service, .deposit] {
      let pair = try PeerPair()
      #expect(try failure(pair) { $0.purpose = purpose } == .ticketNotForUs)
    }
    let pair = try PeerPair()
    let hello = try pair.call(from: pair.alice, to: pair.bob.name, purpose: .service)
    #expect(pair.failure(on: hello.message) == .ticketNotForUs)
    #expect(pair.failure(on: hello.message, purpose: .service) == nil)
  }

  @Test("P1: no session is begun with a ticket for a deposit")
  func depositTicket() throws {
    let pair = try PeerPair()
    let asked = pair.bob.takeDeposits(mailbox: nil, at: pair.kdc.now, random: &pair.kdc.random)
    _ = try asked.next.receive(pair.kdc.reply(to: asked.message))
    #expect(
      peerFailure {
        _ = try pair.call(from: pair.alice, to: pair.bob.name, purpose: .deposit)
      } == .keysDiffer)
  }

  @Test("HOSTILE C 13: a ticket that names another responder")
  func otherResponder() throws {
    let pair = try PeerPair()
    let carol = try principal("carol")
    #expect(try failure(pair) { $0.responder = carol } == .ticketNotForUs)
  }

  @Test("P2: a ticket before its time and after it, with five minutes for the clocks")
  func ticketTime() throws {
    let cases: [(issued: Int, expires: Int, failure: PeerFailure?)] = [
      (0, 0, nil), (-600_000, -300_000, nil), (-600_000, -300_001, .ticketExpired),
      (300_000, 600_000, nil), (300_001, 600_000, .ticketExpired),
    ]
    for (issued, expires, expected) in cases {
      let pair = try PeerPair()
      let now = Int(pair.kdc.now.milliseconds)
      let failure = try failure(pair) {
        $0.issued = Timestamp(milliseconds: UInt64(now + issued))
        $0.expires = Timestamp(milliseconds: UInt64(now + expires))
      }
      #expect(failure == expected)
    }
  }

  @Test("HOSTILE C 13 (Denning-Sacco): an old ticket is not taken, with its session key known")
  func oldTicket() throws {
    let pair = try PeerPair()
    let hello = try pair.call()
    pair.kdc.advance(.minutes(10))
    #expect(try pair.failure(on: pair.call().message) == nil)
    pair.kdc.advance(.milliseconds(1))
    #expect(pair.failure(on: hello.message) == .ticketExpired)
  }

  @Test("P2: the ticket was issued for another ephemeral key, or for another static one")
  func otherKeys() throws {
    let pair = try PeerPair()
    let other = pair.random.agreementKey().publicKey
    #expect(try failure(pair) { $0.ephemeral = other } == .keysDiffer)
    // Somebody who stole Alice's ticket and session key, but not her login.
    let stolen = try failure(pair, staticKey: { $0.agreementKey() }, bend: { _ in })
    #expect(stolen == .keysDiffer)
  }

  @Test("P2: garbage in the place of the ticket")
  func garbageTicket() throws {
    let pair = try PeerPair()
    for count in [0, 1, 12, 28, Ticket.byteCount - 1, Ticket.byteCount, Ticket.byteCount + 1] {
      let message = try pair.bob.helloFrom(
        staticKey: pair.alice.loginKey, ephemeral: pair.random.agreementKey(),
        ticket: pair.random.bytes(count))
      #expect(pair.failure(on: message) == .ticketNotForUs)
    }
  }

  // MARK: Replay

  @Test("HOSTILE C 13: a replayed first message is refused for as long as its ticket lives")
  func replay() throws {
    let pair = try PeerPair()
    let hello = try pair.call()
    #expect(pair.failure(on: hello.message) == nil)
    for _ in 0..<11 {
      #expect(pair.failure(on: hello.message) == .replayed)
      pair.kdc.advance(.seconds(54))
    }
    pair.kdc.advance(.minutes(1))
    #expect(pair.failure(on: hello.message) == .ticketExpired)
  }

  @Test("HOSTILE C 13: what was not verified is not remembered: nobody burns another's key")
  func nothingBurnt() throws {
    let pair = try PeerPair()
    let ephemeral = pair.random.agreementKey()
    let plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    let garbage = try pair.bob.helloFrom(
      staticKey: pair.alice.loginKey, ephemeral: ephemeral, ticket: [1, 2, 3])
    let stolen = try pair.bob.helloFrom(
      staticKey: pair.random.agreementKey(), ephemeral: ephemeral,
      ticket: plan.sealed(for: pair.bob, &pair.random))
    let right = try pair.bob.helloFrom(
      staticKey: pair.alice.loginKey, ephemeral: ephemeral,
      ticket: plan.sealed(for: pair.bob, &pair.random))
    #expect(pair.failure(on: garbage) == .ticketNotForUs)
    #expect(pair.failure(on: stolen) == .keysDiffer)
    #expect(pair.failure(on: right) == nil)
    #expect(pair.failure(on: right) == .replayed)
  }

  @Test("HOSTILE G 24: more sessions than are remembered are refused")
  func overloaded() throws {
    let pair = try PeerPair()
    pair.cache = SessionReplayCache(now: pair.kdc.now, limit: 1)
    #expect(try pair.failure(on: pair.call().message) == nil)
    #expect(try pair.failure(on: pair.call().message) == .overloaded)
  }

  // MARK: Identities mixed up

  @Test("HOSTILE C 13: a message for one receiver is nothing to another")
  func mixUp() throws {
    let pair = try PeerPair()
    let carol = try pair.kdc.member("carol")
    try pair.kdc.announce(carol)
    let hello = try pair.call(from: pair.alice, to: carol.name)
    #expect(pair.failure(on: hello.message) == .handshake)
  }

  @Test("HOSTILE C 13 (reflection): one's own messages sent back")
  func reflection() throws {
    let pair = try PeerPair()
    let hello = try pair.call()
    let message = hello.message
    #expect(
      peerFailure {
        _ = try pair.alice.respond(
          to: message, cache: &pair.cache, ephemeral: pair.random.agreementKey(),
          at: pair.kdc.clocks)
      } == .handshake)
    #expect(hello.next.failure(on: message) == .handshake)

    var session = try pair.session()
    let record = try session.initiator.seal(text("to Bob"))
    #expect(peerFailure { _ = try session.initiator.open(record) } == .record)
  }

  @Test("P2: the peer is oneself: refused whatever the keys say")
  func ownName() throws {
    let pair = try PeerPair()
    let bob = pair.bob.name
    let failure = try failure(pair) { $0.initiator = bob }
    #expect(failure == .distrusted(.ownName))
  }

  @Test("P1: a grant is used with the judged keys of its own peer only")
  func judgedKeysDiffer() throws {
    let pair = try PeerPair()
    let carol = try pair.kdc.member("carol")
    try pair.kdc.announce(carol)
    let trust = PeerTrust(realm: pair.alice.realm, own: pair.alice.name)
    let ephemeral = pair.random.agreementKey()
    let forCarol = try pair.kdc.grant(
      pair.alice, for: carol.name, ephemeral: ephemeral.publicKey)
    let judged = try trust.judge(forCarol.value.peerClaim, pinned: nil, at: pair.kdc.clocks)
    let granted = try pair.kdc.grant(
      pair.alice, for: pair.bob.name, ephemeral: ephemeral.publicKey)
    var failure: PeerFailure?
    let grant = granted.value
    do {
      _ = try pair.alice.startSession(grant, with: judged, ephemeral: ephemeral)
    } catch {
      failure = error
    }
    #expect(failure == .keysDiffer)
  }

  @Test("P3: the two sides must mean the same initiator (unknown key share)")
  func unknownKeyShare() throws {
    let pair = try PeerPair()
    let mallory = try TestUser("mallory")
    try pair.kdc.register(mallory)
    let certificate = try #require(pair.kdc.directory.users[mallory.name]?.certificate)
    // A KDC that works with the insider Mallory names her as the owner of Alice's login key.
    for isBent in [false, true] {
      let ephemeral = pair.random.agreementKey()
      var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
      if isBent {
        plan.initiator = mallory.name
        plan.identity = mallory.identity.publicKey
        plan.certificate = certificate
        plan.loginKey = SignedLoginKey(
          key: pair.alice.loginKey.publicKey, issued: pair.kdc.now,
          expires: pair.kdc.now + .hours(1), keyVersion: 1, owner: mallory.name,
          realm: pair.kdc.realm, identity: mallory.identity)
      }
      let hello = try pair.call(with: plan, ephemeral: ephemeral)
      let answered = try pair.answer(hello.message)
      #expect(hello.next.failure(on: answered.message) == (isBent ? .handshake : nil))
    }
  }

  // MARK: Pins

  @Test("P2: a pin for the initiator's name decides")
  func pins() throws {
    let pair = try PeerPair()
    let first = try pair.call()
    var asked: [PrincipalName] = []
    let answered = try pair.answer(first.message) { name in
      asked.append(name)
      return pair.alice.identity
    }
    #expect(asked == [pair.alice.name])
    let awaitingAnswer = first.next
    let awaitingRecord = answered.next
    var initiator = try awaitingAnswer.receive(answered.message)
    let record = try initiator.seal([])
    let accepted = try awaitingRecord.receive(record)
    #expect(accepted.session.peer.isPinned)
    #expect(!initiator.peer.isPinned)

    let second = try pair.call().message
    let failure = peerFailure { _ = try pair.answer(second) { _ in pair.bob.identity } }
    #expect(failure == .distrusted(.identityChanged))
  }

  // MARK: P3 and records

  @Test("P3: without a valid first record there is no session")
  func firstRecord() throws {
    let records: [[UInt8]] = [[], [0], [UInt8](repeating: 0, count: 16), text("hello, hello")]
    for record in records {
      let pair = try PeerPair()
      let answered = try pair.answer(pair.call().message)
      #expect(answered.next.failure(on: record) == .record)
    }
  }

  @Test("P3: the answer to one call is none to another")
  func answersDiffer() throws {
    let pair = try PeerPair()
    let first = try pair.call()
    let second = try pair.call()
    let answered = try pair.answer(second.message)
    #expect(first.next.failure(on: answered.message) == .handshake)
    #expect(second.next.failure(on: answered.message) == nil)
  }

  @Test("HOSTILE C 15: records replayed, reordered or dropped end the session")
  func recordOrder() throws {
    let pair = try PeerPair()
    for order in [[0, 0], [1], [0, 2]] {
      var session = try pair.session()
      let records = try (0..<3).map { try session.initiator.seal(text("record \($0)")) }
      for index in order.dropLast() { _ = try session.responder.open(records[index]) }
      let bad = records[order[order.count - 1]]
      #expect(peerFailure { _ = try session.responder.open(bad) } == .record)
      // After one that does not verify, none does.
      let next = records[order.count - 1]
      #expect(peerFailure { _ = try session.responder.open(next) } == .record)
    }
  }

  @Test("HOSTILE C 13: a record of one session is nothing to another, nor in the other direction")
  func recordsOfSessions() throws {
    let pair = try PeerPair()
    var first = try pair.session()
    var second = try pair.session()
    #expect(first.initiator.handshakeHash != second.initiator.handshakeHash)
    let record = try first.initiator.seal(text("x"))
    #expect(peerFailure { _ = try second.responder.open(record) } == .record)
    let back = try first.responder.seal(text("y"))
    #expect(peerFailure { _ = try first.responder.open(back) } == .record)
  }

  @Test("A record holds up to what Noise allows")
  func largestRecord() throws {
    let pair = try PeerPair()
    var session = try pair.session()
    let largest = [UInt8](repeating: 1, count: PeerSession.recordLimit)
    let record = try session.initiator.seal(largest)
    #expect(record.count == 65535)
    #expect(try session.responder.open(record) == largest)
    #expect(
      peerFailure { _ = try session.responder.open([UInt8](repeating: 0, count: 65536)) }
        == .record)
  }

  @Test("P2, P3: an all-zero point is refused (RFC 7748, 6.1)")
  func lowOrderPoint() throws {
    let pair = try PeerPair()
    var message = try pair.call().message
    for index in 0..<32 { message[index] = 0 }
    #expect(pair.failure(on: message) == .handshake)
    // As the responder's ephemeral key.
    let hello = try pair.call()
    let awaiting = hello.next
    #expect(awaiting.failure(on: [UInt8](repeating: 0, count: 48)) == .handshake)
  }
}
