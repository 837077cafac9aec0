import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@Suite("The whole way, from an epoch key to records between peers")
struct HappyPathTests {
  @Test("E, S, R, L, A, T, P: two strangers exchange records both ways")
  func wholeWay() throws {
    let kdc = try TestKDC()
    var random = SeededRandom("happy path")
    var alice = try kdc.member("alice")
    let bob = try kdc.member("bob")
    #expect(alice.end == kdc.now + .hours(10))
    #expect(alice.observed == kdc.source)

    // A1-A3
    let announcement = bob.announce(port: 60_000, addresses: [], at: kdc.now, random: &random)
    let announced = try announcement.next.receive(
      kdc.reply(to: announcement.message, isDatagram: true))
    #expect(announced.value == kdc.source)

    // T1-T5
    let ephemeral = random.agreementKey()
    let granted = try kdc.grant(alice, for: bob.name, ephemeral: ephemeral.publicKey)
    #expect(granted.time == kdc.now)
    let session = granted.value
    alice.renew(with: granted.renewal)
    #expect(session.addresses.map(\.port) == [60_000])
    #expect(session.addresses.map(\.ip) == [kdc.source.ip])
    let judged = try PeerTrust(realm: alice.realm, own: alice.name).judge(
      session.peerClaim, pinned: nil, at: kdc.clocks)
    #expect(judged.identity == bob.identity)
    #expect(!judged.isPinned)

    // P1-P3
    let hello = try alice.startSession(session, with: judged, ephemeral: ephemeral)
    var cache = SessionReplayCache(now: kdc.now)
    let answer = try bob.respond(
      to: hello.message, cache: &cache, ephemeral: random.agreementKey(), at: kdc.clocks)
    let awaitingAnswer = hello.next
    let awaitingRecord = answer.next
    var initiator = try awaitingAnswer.receive(answer.message)
    let first = try initiator.seal(text("offer"))
    let accepted = try awaitingRecord.receive(first)
    let ticketID = accepted.ticketID
    let firstRecord = accepted.firstRecord
    var responder = accepted.session
    #expect([UInt8](firstRecord.bytes) == text("offer"))
    #expect(responder.peer.name == alice.name)
    #expect(responder.peer.identity == alice.identity)
    #expect(responder.handshakeHash == initiator.handshakeHash)

    for round in 0..<3 {
      let up = try initiator.seal(text("up \(round)"))
      let received = try responder.open(up)
      #expect(received == text("up \(round)"))
      let down = try responder.seal(text("down \(round)"))
      let answered = try initiator.open(down)
      #expect(answered == text("down \(round)"))
    }

    // The renewed ticket-granting ticket works, and so does the log.
    _ = try kdc.grant(alice, for: bob.name, ephemeral: random.agreementKey().publicKey)
    let issued = kdc.events.compactMap { event -> [UInt8]? in
      guard case .keyIssued(.session, let id) = event.kind else { return nil }
      return event.name == alice.name && event.peer == bob.name ? id : nil
    }
    #expect(issued.count == 2)
    #expect(issued.first == ticketID)
  }

  @Test("W: a receiver that withdrew is not present; announced anew, it is again")
  func withdrawal() throws {
    let kdc = try TestKDC()
    let alice = try kdc.member("alice")
    let bob = try kdc.member("bob")
    let key = kdc.random.agreementKey().publicKey
    try kdc.announce(bob)
    _ = try kdc.grant(alice, for: bob.name, ephemeral: key)

    let farewell = bob.withdraw(at: kdc.now, random: &kdc.random)
    _ = try farewell.next.receive(kdc.reply(to: farewell.message, isDatagram: true))
    let gone = exchangeFailure { _ = try kdc.grant(alice, for: bob.name, ephemeral: key) }
    #expect(gone == .peerNotPresent)

    try kdc.announce(bob)
    _ = try kdc.grant(alice, for: bob.name, ephemeral: key)
  }

  @Test("The same inputs give the same bytes: the machine has no clock and no randomness")
  func deterministic() throws {
    func announcement() throws -> [UInt8] {
      let kdc = try TestKDC(seed: "same")
      return try kdc.reply(to: AnnouncedEpoch.request)
    }
    #expect(try announcement() == announcement())
  }
}

func text(_ string: String) -> [UInt8] { [UInt8](string.utf8) }
