import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("T1-T5: tickets for a ticket-granting ticket")
struct GrantingTests {
  /// Two members, the second of which receives.
  private final class Pair {
    let kdc: TestKDC
    var alice: Credential
    let bob: Credential

    init(policy: CenterPolicy = CenterPolicy()) throws {
      kdc = try TestKDC(policy: policy)
      alice = try kdc.member("alice")
      bob = try kdc.member("bob")
      try kdc.announce(bob)
    }

    func request(for peer: String = "bob", at time: Timestamp? = nil) throws -> Outgoing<
      ExpectTicket
    > {
      alice.askForTicket(
        for: try principal(peer), purpose: .session,
        ephemeral: kdc.random.agreementKey().publicKey, at: time ?? kdc.now, random: &kdc.random)
    }

    /// How a request by datagram ends.
    func failure(for peer: String = "bob") throws -> ExchangeFailure? {
      let asked = try request(for: peer)
      return asked.next.failure(on: try kdc.reply(to: asked.message, isDatagram: true))
    }
  }

  // MARK: T2

  @Test("T2: a garbage ticket is not accepted; by datagram it is silence")
  func garbageTicket() throws {
    let pair = try Pair()
    let kdc = pair.kdc
    let asked = try pair.request()
    var garbage = asked.message
    garbage.replaceSubrange(
      2..<(2 + TicketGrantingTicket.byteCount),
      with: kdc.random.bytes(TicketGrantingTicket.byteCount))
    #expect(kdc.handle(garbage, isDatagram: true).message == nil)
    #expect(kdc.lastRefusal == .ticketUnknown)
    #expect(asked.next.failure(on: try kdc.reply(to: garbage)) == .failed(.ticketNotAccepted))
    // In the hour of the present key, so that it is tried.
    for (index, byte) in asked.message[2..<6].enumerated() { garbage[2 + index] = byte }
    #expect(kdc.handle(garbage, isDatagram: true).message == nil)
    #expect(kdc.lastRefusal == .ticketUnknown)
  }

  @Test("HOSTILE C 13: another user's ticket with one's own request does not verify")
  func splicedTicket() throws {
    let pair = try Pair()
    let kdc = pair.kdc
    let asked = try pair.request()
    let others = pair.bob.withdraw(at: kdc.now, random: &kdc.random).message
    var spliced = asked.message
    spliced.replaceSubrange(
      2..<(2 + TicketGrantingTicket.byteCount),
      with: others[2..<(2 + TicketGrantingTicket.byteCount)])
    #expect(kdc.handle(spliced, isDatagram: true).message == nil)
    #expect(kdc.lastRefusal == .notAuthentic)
  }

  @Test("HOSTILE C 13: a replayed request is not answered, and costs nothing")
  func replay() throws {
    let pair = try Pair()
    let asked = try pair.request()
    let answer = try pair.kdc.reply(to: asked.message, isDatagram: true)
    for isDatagram in [true, false] {
      #expect(pair.kdc.handle(asked.message, isDatagram: isDatagram).message == nil)
      #expect(pair.kdc.lastRefusal == .replayed)
    }
    #expect(asked.next.failure(on: answer) == nil)
    // The very next request is another one.
    #expect(try pair.failure() == nil)
  }

  @Test(
    "T2: a request's time may be off by a minute; more is told with KDC time",
    arguments: [
      (-60_000, true), (60_000, true), (-60_001, false), (60_001, false), (-86_400_000, false),
    ])
  func clockSkew(milliseconds: Int, isTaken: Bool) throws {
    let pair = try Pair()
    pair.kdc.advance(.minutes(2))
    let offset = Interval.milliseconds(UInt64(milliseconds.magnitude))
    let time = milliseconds < 0 ? pair.kdc.now - offset : pair.kdc.now + offset
    let asked = try pair.request(at: time)
    let answer = try pair.kdc.reply(to: asked.message, isDatagram: true)
    let expected: ExchangeFailure? = isTaken ? nil : .clockSkew(now: pair.kdc.now)
    #expect(asked.next.failure(on: answer) == expected)
    #expect(isTaken || pair.kdc.lastRefusal == .clockSkew)
  }

  @Test("T2: what was asked before a KDC began may have been served by the process before it")
  func restart() throws {
    let pair = try Pair()
    pair.kdc.advance(.seconds(10))
    let asked = try pair.request(at: pair.kdc.now)
    let first = try pair.kdc.reply(to: asked.message, isDatagram: true)
    #expect(asked.next.failure(on: first) == nil)
    // The same key material, with nothing remembered.
    let next = try TestKDC(now: pair.kdc.now + .milliseconds(1))
    let again = try next.reply(to: asked.message, isDatagram: true)
    #expect(asked.next.failure(on: again) == .clockSkew(now: next.now))
    #expect(next.lastRefusal == .clockSkew)
  }

  @Test("T2: a request is remembered for as long as its time is accepted")
  func replayAtTheEdge() throws {
    let pair = try Pair()
    let kdc = pair.kdc
    // From as far in the future as it may be: good for two minutes.
    let asked = try pair.request(at: kdc.now + .seconds(60))
    _ = try kdc.reply(to: asked.message, isDatagram: true)
    kdc.advance(.seconds(120))
    #expect(kdc.handle(asked.message, isDatagram: true).message == nil)
    #expect(kdc.lastRefusal == .replayed)
    kdc.advance(.milliseconds(1))
    _ = kdc.handle(asked.message, isDatagram: true)
    #expect(kdc.lastRefusal == .clockSkew)
  }

  @Test("HOSTILE G 24: more requests than are remembered are refused, silently by datagram")
  func overloaded() throws {
    var policy = CenterPolicy()
    policy.rememberedRequests = 2
    let pair = try Pair(policy: policy)
    #expect(try pair.failure() == nil)
    let asked = try pair.request()
    #expect(pair.kdc.handle(asked.message, isDatagram: true).message == nil)
    #expect(pair.kdc.lastRefusal == .overloaded)
    #expect(asked.next.failure(on: try pair.kdc.reply(to: asked.message)) == .failed(.busy))
    pair.kdc.advance(.minutes(4))
    #expect(try pair.failure() == nil)
  }

  // MARK: T3

  @Test("T3: a login that is over")
  func loginOver() throws {
    let pair = try Pair()
    pair.kdc.now = pair.alice.end
    try pair.kdc.announce(pair.bob)
    #expect(try pair.failure() == nil)
    pair.kdc.advance(.milliseconds(1))
    #expect(try pair.failure() == .loginOver)
    #expect(pair.kdc.lastRefusal == .loginOver)
  }

  @Test("HOSTILE B 11: a changed, disabled or removed user gets nothing new")
  func deadUser() throws {
    let changes: [(inout UserRecord) -> Void] = [
      { $0.keyVersion += 1 }, { $0.state = .disabled }, { $0.state = .removed },
    ]
    for change in changes {
      let pair = try Pair()
      pair.kdc.directory.edit(pair.alice.name, change)
      #expect(try pair.failure() == .loginOver)
      #expect(pair.kdc.lastRefusal == .loginOver)
      #expect(exchangeFailure { try pair.kdc.announce(pair.alice) } == .loginOver)
      #expect(pair.kdc.directory.presences[pair.alice.name] == nil)
    }
  }

  @Test("T3: a renewed ticket does not outlive its login")
  func renewalIsBounded() throws {
    let pair = try Pair()
    let end = pair.alice.end
    for _ in 0..<19 {
      pair.kdc.advance(.minutes(30))
      let granted = try pair.kdc.grant(
        pair.alice, for: pair.bob.name, ephemeral: pair.kdc.random.agreementKey().publicKey)
      pair.alice.renew(with: granted.renewal)
    }
    pair.kdc.now = end + .milliseconds(1)
    #expect(try pair.failure() == .loginOver)
  }

  // MARK: T4

  @Test("T4: no peer: unknown, absent, oneself, disabled, changed, its login over")
  func peerNotPresent() throws {
    let pair = try Pair()
    let kdc = pair.kdc
    #expect(try pair.failure(for: "nobody") == .peerNotPresent)
    try kdc.register(TestUser("carol"))
    #expect(try pair.failure(for: "carol") == .peerNotPresent)
    try kdc.announce(pair.alice)
    #expect(try pair.failure(for: "alice") == .peerNotPresent)
    #expect(kdc.lastRefusal == .peerNotPresent)
    let changes: [(inout UserRecord) -> Void] = [
      { $0.keyVersion += 1 }, { $0.state = .disabled }, { $0.state = .removed },
      { $0.identity = nil },
    ]
    for change in changes {
      let record = try #require(kdc.directory.users[pair.bob.name])
      kdc.directory.edit(pair.bob.name, change)
      #expect(try pair.failure() == .peerNotPresent)
      kdc.directory.put(record)
      #expect(try pair.failure() == nil)
    }
  }

  @Test("T4: a presence that was tampered with in its file is none")
  func tamperedPresence() throws {
    let pair = try Pair()
    let presence = try #require(pair.kdc.directory.presences[pair.bob.name])
    // The KDC has opened the true one by now, and does not take another for it.
    #expect(try pair.failure() == nil)
    for tampered in [[], presence.sealedTicketKey.map { $0 ^ 1 }, [UInt8](repeating: 0, count: 60)]
    {
      pair.kdc.directory.putPresence(presence.with(sealedTicketKey: tampered))
      #expect(try pair.failure() == .peerNotPresent)
    }
    // Another login's ticket key.
    try pair.kdc.announce(pair.alice)
    let others = try #require(pair.kdc.directory.presences[pair.alice.name])
    pair.kdc.directory.putPresence(presence.with(sealedTicketKey: others.sealedTicketKey))
    #expect(try pair.failure() == .peerNotPresent)
  }

  // MARK: T5

  @Test("CVE-2017-11103 (Orpheus' Lyre): the reply names the peer inside the seal")
  func replyForAnotherPeer() throws {
    let pair = try Pair()
    let carol = try pair.kdc.member("carol")
    try pair.kdc.announce(carol)
    let asked = try pair.request(for: "bob")
    let forOther = try pair.request(for: "carol")
    let answer = try pair.kdc.reply(to: forOther.message, isDatagram: true)
    #expect(asked.next.failure(on: answer) == .notAuthentic)

    // A KDC that answers with somebody else's keys, sealed as it should be.
    let forged = try asked.next.opener.forge(.ticket, renewal: true) { message in
      let key = TestKDC.loginKey(of: carol)
      TicketReply(
        peer: carol.name, sessionKey: SecretBytes(copying: [UInt8](repeating: 1, count: 32).bytes),
        identity: carol.identity, certificate: [UInt8](repeating: 0, count: 64), loginKey: key,
        whereabouts: .present([]), ticket: [UInt8](repeating: 0, count: Ticket.byteCount)
      ).write(to: &message)
    }
    #expect(asked.next.failure(on: forged) == .malformed(.invalid("peer")))
  }

  @Test("T5: an authentic reply of another kind is no answer")
  func otherKind() throws {
    let pair = try Pair()
    let asked = try pair.request()
    for kind in [GrantingReplyKind.announced, .withdrawn] {
      let forged = try asked.next.opener.forge(kind, renewal: true) { _ in }
      #expect(asked.next.failure(on: forged) == .unexpectedReply)
    }
    let unknown = try asked.next.opener.forge(rawKind: 99) { _ in }
    #expect(asked.next.failure(on: unknown) == .malformed(.invalid("reply kind")))
    let empty = try asked.next.opener.forge(.ticket, renewal: true) { _ in }
    #expect(asked.next.failure(on: empty) == .malformed(.truncated))
  }

  @Test("T5: datagrams that do not verify change nothing: the true one is still taken")
  func bogusDatagramsFirst() throws {
    let pair = try Pair()
    let asked = try pair.request()
    let answer = try pair.kdc.reply(to: asked.message, isDatagram: true)
    #expect(asked.next.failure(on: []) == .malformed(.truncated))
    #expect(asked.next.failure(on: [1, 8, 3]) == .failed(.ticketNotAccepted))
    #expect(asked.next.failure(on: answer.dropLast() + [answer[answer.count - 1] ^ 1]) != nil)
    #expect(asked.next.failure(on: answer) == nil)
  }

  @Test("T5: a reply opens once for every request: the same request twice is two keys")
  func requestsDiffer() throws {
    let pair = try Pair()
    let first = try pair.request()
    let second = try pair.request()
    #expect(first.message != second.message)
    let answer = try pair.kdc.reply(to: first.message, isDatagram: true)
    #expect(second.next.failure(on: answer) == .notAuthentic)
  }
}
