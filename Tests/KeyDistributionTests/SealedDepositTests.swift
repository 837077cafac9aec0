import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("G: deposits, sealed and opened")
struct SealedDepositTests {
  /// Alice, and Bob who is away: of his login he has kept what opens deposits.
  private final class Scene {
    let pair: PeerPair
    let bob: Credential
    let keys: DepositKeys

    init() throws {
      pair = try PeerPair()
      let asked = try pair.kdc.loginRequest(TestUser("bob"), keyLifetime: .days(30))
      bob = try asked.next.receive(pair.kdc.reply(to: asked.message))
      keys = DepositKeys(of: bob)
      let taking = bob.takeDeposits(mailbox: nil, at: pair.kdc.now, random: &pair.kdc.random)
      _ = try taking.next.receive(pair.kdc.reply(to: taking.message))
    }

    /// Step G1, with a ticket of its own.
    func deposit(
      from sender: borrowing Credential, _ first: [UInt8] = text("the list"),
      purpose: Purpose = .deposit
    ) throws -> StartedDeposit {
      let ephemeral = pair.random.agreementKey()
      let granted = try pair.kdc.grant(
        sender, for: bob.name, ephemeral: ephemeral.publicKey, purpose: purpose)
      let grant = granted.value
      let trusted = try PeerTrust(realm: sender.realm, own: sender.name).judge(
        grant.peerClaim, pinned: nil, at: pair.kdc.clocks)
      return try sender.startDeposit(
        grant, for: trusted, ephemeral: ephemeral, first: first.bytes)
    }

    func letter() throws -> DepositLetter {
      let started = try deposit(from: pair.alice)
      return started.letter
    }

    /// The same with a ticket that the KDC would not have made.
    func letter(_ edit: (inout TicketPlan) throws -> Void) throws -> DepositLetter {
      let ephemeral = pair.random.agreementKey()
      let granted = try pair.kdc.grant(
        pair.alice, for: bob.name, ephemeral: ephemeral.publicKey, purpose: .deposit)
      let claim = granted.value.peerClaim
      var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
      plan.purpose = .deposit
      plan.expires = bob.signed.expires
      try edit(&plan)
      let trusted = try PeerTrust(realm: pair.alice.realm, own: pair.alice.name).judge(
        claim, pinned: nil, at: pair.kdc.clocks)
      let grant = SessionGrant(
        peer: bob.name, purpose: .deposit, sessionKey: TicketPlan.sessionKey, claim: claim,
        addresses: [], ticket: plan.sealed(for: bob, &pair.random))
      let started = try pair.alice.startDeposit(
        grant, for: trusted, ephemeral: ephemeral, first: text("the list").bytes)
      return started.letter
    }

    /// Step G2.
    func open(
      _ letter: DepositLetter, known: Set<DepositTag> = [], pinned: VerifyingKey? = nil,
      at clocks: PeerTrust.Clocks? = nil
    ) throws -> OpenedDeposit {
      try keys.open(
        letter, isOpened: { known.contains($0) }, pinned: { _ in pinned },
        at: clocks ?? pair.kdc.clocks)
    }

    func failure(
      on letter: DepositLetter, known: Set<DepositTag> = [], pinned: VerifyingKey? = nil,
      at clocks: PeerTrust.Clocks? = nil
    ) -> PeerFailure? {
      peerFailure { _ = try open(letter, known: known, pinned: pinned, at: clocks) }
    }

    func clocks(kdc: Interval, own: Interval) -> PeerTrust.Clocks {
      PeerTrust.Clocks(kdc: pair.kdc.now + kdc, own: pair.kdc.now + own)
    }
  }

  @Test("G1-G2: what the sender has left opens weeks later, and says who, and when")
  func opened() throws {
    let scene = try Scene()
    let now = scene.pair.kdc.now
    let started = try scene.deposit(from: scene.pair.alice)
    let letter = started.letter
    var sealer = started.sealer
    let records = try (0..<3).map { try sealer.seal(text("record \($0)").bytes) }
    scene.pair.kdc.advance(.days(29))
    let deposit = try scene.open(DepositLetter(letter.bytes.bytes))
    let (issued, ticketID) = (deposit.deposited, deposit.ticketID)
    #expect(issued == now)
    #expect(ticketID.count == 8)
    let first = deposit.firstRecord
    let list = [UInt8](first.bytes)
    #expect(list == text("the list"))
    var opener = deposit.opener
    let (peer, hash) = (opener.peer, opener.handshakeHash)
    #expect(peer.name == scene.pair.alice.name && !peer.isPinned)
    #expect(hash == sealer.handshakeHash)
    for (number, record) in records.enumerated() {
      let plaintext = try opener.open(record.bytes)
      let read = [UInt8](plaintext.bytes)
      #expect(read == text("record \(number)"))
    }
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of a letter")
  func bentLetters() throws {
    let scene = try Scene()
    let letter = try scene.letter()
    for bogus in Mutations.all(of: letter.bytes) {
      guard let bent = try? DepositLetter(bogus.bytes) else { continue }
      #expect(scene.failure(on: bent) != nil)
    }
    #expect(scene.failure(on: letter) == nil)
    let long = [UInt8](repeating: 1, count: 65_536)
    #expect(failure(WireError.self) { _ = try DepositLetter(long.bytes) } != nil)
  }

  @Test("A mailbox that edits, moves or leaves out records: none after that is opened")
  func bentRecords() throws {
    let scene = try Scene()
    let started = try scene.deposit(from: scene.pair.alice)
    let letter = started.letter
    var sealer = started.sealer
    let records = try (0..<3).map { try sealer.seal(text("record \($0)").bytes) }
    let other = try scene.deposit(from: scene.pair.alice)
    var otherSealer = other.sealer
    let foreign = try otherSealer.seal(text("record 0").bytes)
    let bent: [[[UInt8]]] = [
      [records[1], records[0]], [records[0], records[2]], [records[0], records[0]], [foreign],
      [[UInt8](records[0].dropLast())], [[]], [records[0] + [0]],
    ]
    for sequence in bent {
      let deposit = try scene.open(letter)
      var opener = deposit.opener
      let failed = sequence.contains { record in
        peerFailure { _ = try opener.open(record.bytes) } != nil
      }
      #expect(failed)
      let next = records[1]
      #expect(peerFailure { _ = try opener.open(next.bytes) } == .record)
    }
  }

  @Test("A mailbox that hands out twice, or to another: nothing is opened again, nor by others")
  func replayedAndMisplaced() throws {
    let scene = try Scene()
    let letter = try scene.letter()
    let deposit = try scene.open(letter)
    let tag = deposit.tag
    #expect(DepositTag(tag.bytes) == tag)
    #expect(DepositTag([1, 2, 3]) == nil)
    #expect(scene.failure(on: letter, known: [tag]) == .replayed)
    let another = try scene.letter()
    #expect(scene.failure(on: another, known: [tag]) == nil)

    // Another user, and another login of the same one.
    for receiver in ["carol", "bob"] {
      let user = try TestUser(receiver)
      if receiver == "carol" { try scene.pair.kdc.register(user) }
      let keys = DepositKeys(of: try scene.pair.kdc.logIn(user))
      let clocks = scene.pair.kdc.clocks
      #expect(
        peerFailure {
          _ = try keys.open(letter, isOpened: { _ in false }, pinned: { _ in nil }, at: clocks)
        } == .ticketNotForUs)
    }
  }

  @Test("HOSTILE C 13: a ticket of another purpose, name, key or time")
  func bentTickets() throws {
    let scene = try Scene()
    let (pair, now) = (scene.pair, scene.pair.kdc.now)
    let carol = try principal("carol")
    let other = pair.random.agreementKey().publicKey
    func failure(_ edit: (inout TicketPlan) throws -> Void) throws -> PeerFailure? {
      scene.failure(on: try scene.letter(edit))
    }
    #expect(try failure { _ in } == nil)
    #expect(try failure { $0.purpose = .session } == .ticketNotForUs)
    #expect(try failure { $0.purpose = .service } == .ticketNotForUs)
    #expect(try failure { $0.responder = carol } == .ticketNotForUs)
    #expect(try failure { $0.ephemeral = other } == .keysDiffer)
    #expect(try failure { $0.initiator = carol } == .distrusted(.notCertified))
    #expect(try failure { $0.initiator = scene.bob.name } == .distrusted(.ownName))
    #expect(try failure { $0.issued = now + .minutes(6) } == .ticketExpired)
    #expect(try failure { $0.issued = now - .minutes(6) } == .ticketExpired)
    #expect(try failure { $0.expires = now - .minutes(6) } == .ticketExpired)
    // Keys that somebody else signed, or that Alice signed for another time.
    let thief = try TestUser("alice", variant: "thief")
    let key = pair.alice.signed.key
    let realm = pair.kdc.realm
    func signed(by user: TestUser, from start: Timestamp, to end: Timestamp) -> SignedLoginKey {
      SignedLoginKey(
        key: key, issued: start, expires: end, keyVersion: 1, owner: user.name, realm: realm,
        identity: user.identity)
    }
    #expect(
      try failure { $0.loginKey = signed(by: thief, from: now, to: now + .hours(1)) }
        == .distrusted(.notSigned))
    let alice = try TestUser("alice")
    #expect(
      try failure { $0.loginKey = signed(by: alice, from: now - .days(9), to: now - .days(8)) }
        == .distrusted(.notCurrent))
  }

  @Test("G2: by a clock of one's own, too: a KDC that turns its clock back revives no old key")
  func clocks() throws {
    let scene = try Scene()
    let letter = try scene.letter()
    let good: [(Interval, Interval)] = [
      (.days(0), .days(0)), (.days(29), .days(29)), (.days(1), .hours(1)),
    ]
    for (kdc, own) in good {
      #expect(scene.failure(on: letter, at: scene.clocks(kdc: kdc, own: own)) == nil)
    }
    let bad: [(Interval, Interval)] = [
      (.days(31), .days(31)), (.days(1), .days(40)), (.days(31), .days(1)),
    ]
    for (kdc, own) in bad {
      #expect(
        scene.failure(on: letter, at: scene.clocks(kdc: kdc, own: own)) == .ticketExpired)
    }
    let early = PeerTrust.Clocks(
      kdc: scene.pair.kdc.now, own: scene.pair.kdc.now - .days(2))
    #expect(scene.failure(on: letter, at: early) == .ticketExpired)
  }

  @Test("U2: a pin decides alone")
  func pinned() throws {
    let scene = try Scene()
    let letter = try scene.letter()
    let deposit = try scene.open(letter, pinned: scene.pair.alice.identity)
    let opener = deposit.opener
    let peer = opener.peer
    #expect(peer.isPinned)
    #expect(
      scene.failure(on: letter, pinned: scene.bob.identity) == .distrusted(.identityChanged))
    #expect(
      peerFailure {
        _ = try scene.keys.open(
          letter, isOpened: { _ in false },
          pinned: { (_) throws(PeerFailure) in throw .pinsUnreadable }, at: scene.pair.kdc.clocks)
      } == .pinsUnreadable)
  }

  @Test("A KDC, or a thief of ticket key and session key, forges nothing in Alice's name")
  func forged() throws {
    let scene = try Scene()
    let pair = scene.pair
    // It has the ticket key, and mints a ticket with Alice's keys and an E of its own; what it has
    // not is the private half of her login key.
    let ephemeral = pair.random.agreementKey()
    var plan = try TicketPlan(pair, ephemeral: ephemeral.publicKey)
    plan.purpose = .deposit
    plan.expires = scene.bob.signed.expires
    let ticket = plan.sealed(for: scene.bob, &pair.random)
    let unwritten = DepositLetter(loginKey: scene.bob.signed.key, ticket: ticket, message: [])
    let binding = PeerBinding(
      realm: pair.kdc.realm, purpose: .deposit,
      initiator: PeerEnd(
        name: pair.alice.name, identity: pair.alice.identity, loginKey: pair.alice.signed.key),
      responder: PeerEnd(
        name: scene.bob.name, identity: scene.bob.identity, loginKey: scene.bob.signed.key),
      ephemeral: ephemeral.publicKey)
    let prologue = unwritten.prologue(in: pair.kdc.realm)
    var handshake = NoiseHandshake(
      .kPsk0, role: .initiator, prologue: prologue.bytes, staticKey: pair.random.agreementKey(),
      ephemeral: ephemeral, remoteStatic: scene.bob.signed.key)
    handshake.setPresharedKey(binding.preSharedKey(TicketPlan.sessionKey))
    let message = try handshake.writeMessage(text("a lie").bytes)
    let letter = DepositLetter(
      loginKey: scene.bob.signed.key, ticket: ticket, message: message)
    #expect(scene.failure(on: letter) == .handshake)
  }

  @Test("G1: only with a ticket for a deposit")
  func wrongGrant() throws {
    let scene = try Scene()
    let pair = scene.pair
    try pair.kdc.announce(scene.bob)
    for purpose in [Purpose.session, .service] {
      #expect(
        peerFailure { _ = try scene.deposit(from: pair.alice, purpose: purpose) } == .keysDiffer)
    }
  }

  @Test("5.7: the longest first record makes the longest letter")
  func longest() throws {
    let scene = try Scene()
    let first = [UInt8](repeating: 1, count: DepositLetter.firstRecordLimit)
    let started = try scene.deposit(from: scene.pair.alice, first)
    let letter = started.letter
    #expect(letter.bytes.count == 65_535)
    #expect(scene.failure(on: try DepositLetter(letter.bytes.bytes)) == nil)
  }
}
