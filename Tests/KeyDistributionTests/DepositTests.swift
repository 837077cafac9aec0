import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("B: logins that open deposits")
struct DepositTests {
  private static let month = Interval.days(30)

  /// A KDC with Alice, logged in, and Bob, whose logins open deposits for a month.
  private final class Scene {
    let kdc: TestKDC
    let alice: Credential
    let user: TestUser

    init() throws {
      kdc = try TestKDC()
      alice = try kdc.member("alice")
      user = try TestUser("bob")
      try kdc.register(user)
    }

    func logIn() throws -> Credential {
      let asked = try kdc.loginRequest(user, keyLifetime: DepositTests.month)
      return try asked.next.receive(kdc.reply(to: asked.message))
    }

    @discardableResult
    func take(_ login: borrowing Credential, mailbox: String? = nil) throws -> Timestamp {
      let asked = login.takeDeposits(
        mailbox: mailbox.flatMap { PrincipalName($0) }, at: kdc.now, random: &kdc.random)
      return try asked.next.receive(kdc.reply(to: asked.message, isDatagram: true)).value
    }

    /// What Alice is told when she asks for a ticket.
    func grant() throws -> (loginKey: SignedLoginKey, mailbox: PrincipalName?) {
      let granted = try kdc.grant(
        alice, for: user.name, ephemeral: kdc.random.agreementKey().publicKey, purpose: .deposit)
      return (granted.value.peerClaim.loginKey, granted.value.mailbox)
    }

    var isGranted: Bool { exchangeFailure { _ = try grant() } == nil }
  }

  @Test("B1-B3: a receiver who is away gets deposits under the keys of its latest login")
  func away() throws {
    let scene = try Scene()
    let kdc = scene.kdc
    let bob = try scene.logIn()
    #expect(try scene.take(bob, mailbox: "post") == kdc.now + Self.month)
    kdc.advance(.days(29))
    let again = try kdc.logIn(TestUser("alice"))
    let ephemeral = kdc.random.agreementKey().publicKey
    let granted = try kdc.grant(
      again, for: bob.name, ephemeral: ephemeral, purpose: .deposit)
    let grant = granted.value
    let (claim, mailbox, addresses) = (grant.peerClaim, grant.mailbox, grant.addresses)
    #expect(claim.loginKey == bob.signed)
    #expect(mailbox?.description == "post")
    #expect(addresses.isEmpty)
    let opened = Ticket(opening: grant.ticket.bytes, under: bob.ticketKey, realm: kdc.realm)
    guard let ticket = opened else { throw BadTest("the ticket does not open") }
    let (purpose, names) = (ticket.purpose, [ticket.initiator, ticket.responder])
    #expect(purpose == .deposit)
    #expect(names == [again.name, bob.name])
    let (own, issued, expires) = (ticket.ephemeral, ticket.issued, ticket.expires)
    #expect(own == ephemeral)
    #expect(issued == kdc.now)
    // It may be opened for as long as the receiver has the keys.
    #expect(expires == bob.signed.expires)
  }

  @Test("B2: a login that does not say so opens no deposits; nor does being present")
  func notTaken() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    try scene.kdc.announce(bob)
    #expect(exchangeFailure { _ = try scene.grant() } == .peerNotPresent)
    try scene.take(bob)
    #expect(try scene.grant().mailbox == nil)
    // A login to send with, on another machine, changes nothing.
    _ = try scene.logIn()
    #expect(try scene.grant().loginKey == bob.signed)
  }

  @Test("T4: who takes deposits is not present for that")
  func notPresent() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    try scene.take(bob)
    for purpose in [Purpose.session, .service] {
      #expect(
        exchangeFailure {
          _ = try scene.kdc.grant(
            scene.alice, for: bob.name, ephemeral: scene.kdc.random.agreementKey().publicKey,
            purpose: purpose)
        } == .peerNotPresent)
    }
  }

  @Test("B3: of two logins of one name the later takes deposits, and the earlier is told")
  func superseded() throws {
    let scene = try Scene()
    let earlier = try scene.logIn()
    let later = try scene.logIn()
    try scene.take(earlier)
    try scene.take(later)
    #expect(exchangeFailure { try scene.take(earlier) } == .superseded)
    #expect(try scene.grant().loginKey == later.signed)
  }

  @Test("B2: told again the same changes nothing and is no line in the log; a mailbox is both")
  func again() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    try scene.take(bob)
    let before = try #require(scene.kdc.directory.deposits[bob.name])
    #expect(scene.kdc.events.last?.kind == .depositsTaken)
    let count = scene.kdc.events.count
    try scene.take(bob)
    #expect(scene.kdc.directory.deposits[bob.name] == before)
    #expect(scene.kdc.events.count == count)
    try scene.take(bob, mailbox: "post")
    #expect(scene.kdc.events.last?.kind == .depositsTaken)
    #expect(scene.kdc.events.last?.peer?.description == "post")
    let after = try #require(scene.kdc.directory.deposits[bob.name])
    #expect(after.sealedTicketKey == before.sealedTicketKey)
  }

  @Test("B2: no longer than peers accept a login key, whatever its owner signs")
  func longLife() throws {
    let scene = try Scene()
    let asked = try scene.kdc.loginRequest(scene.user, keyLifetime: .days(900))
    let bob = try asked.next.receive(scene.kdc.reply(to: asked.message))
    let until = try scene.take(bob)
    let record = try #require(scene.kdc.directory.deposits[bob.name])
    #expect(until == record.loginTime + PeerTrust.longestKeyLife)
    // One whose time is over already is of no use to anybody.
    let short = try scene.kdc.loginRequest(scene.user, keyLifetime: .milliseconds(1))
    let next = try short.next.receive(scene.kdc.reply(to: short.message))
    scene.kdc.advance(.seconds(1))
    try scene.take(next)
    #expect(!scene.isGranted)
  }

  @Test("T4: nothing for a receiver who has another secret, is disabled, or whose time is over")
  func deadRecords() throws {
    let scene = try Scene()
    let kdc = scene.kdc
    let bob = try scene.logIn()
    try scene.take(bob)
    #expect(scene.isGranted)
    kdc.directory.edit(bob.name) { $0.state = .disabled }
    #expect(!scene.isGranted)
    kdc.directory.edit(bob.name) { $0.state = .active }
    #expect(scene.isGranted)
    let record = try #require(kdc.directory.deposits[bob.name])
    kdc.directory.putDeposits(
      DepositRecord(
        name: record.name, keyVersion: record.keyVersion, loginTime: record.loginTime,
        until: kdc.now - .milliseconds(1), mailbox: nil, loginKey: record.loginKey,
        sealedTicketKey: record.sealedTicketKey))
    #expect(!scene.isGranted)
    kdc.directory.putDeposits(record)
    #expect(scene.isGranted)
    try kdc.changeSecret(of: scene.user, to: TestUser("another"))
    #expect(exchangeFailure { _ = try scene.grant() } == .peerNotPresent)
  }

  @Test("T4: who may not call a receiver may not deposit for it either")
  func callers() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    try scene.take(bob)
    scene.kdc.directory.edit(bob.name) { $0.callers = [] }
    #expect(!scene.isGranted)
    let alice = scene.alice.name
    scene.kdc.directory.edit(bob.name) { $0.callers = [alice] }
    #expect(scene.isGranted)
  }

  @Test("B3: a store that fails is an honest try again")
  func storeFailed() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    scene.kdc.directory.forcedOutcome = .failed
    #expect(exchangeFailure { try scene.take(bob) } == .unavailable)
    scene.kdc.directory.forcedOutcome = nil
    try scene.take(bob)
  }

  @Test("3.7: under another storage key the ticket key is sealed anew, and still opens")
  func resealed() throws {
    let scene = try Scene()
    let kdc = scene.kdc
    let bob = try scene.logIn()
    try scene.take(bob)
    let record = try #require(kdc.directory.deposits[bob.name])
    #expect(kdc.center.keys.resealed(record, random: &kdc.random) == nil)
    kdc.center.keys.adoptStorageKey(kdc.random.secret(32))
    let resealed = try #require(kdc.center.keys.resealed(record, random: &kdc.random))
    kdc.center.keys.forgetFormerStorageKey()
    #expect(!scene.isGranted)
    kdc.directory.putDeposits(resealed)
    #expect(scene.isGranted)
  }

  @Test("T5: a ticket for a session is no answer to a request for a deposit, nor the other way")
  func otherPurpose() throws {
    let scene = try Scene()
    let bob = try scene.logIn()
    try scene.take(bob)
    let mixed: [(Purpose, GrantingReplyKind)] = [(.deposit, .ticket), (.session, .depositTicket)]
    for (purpose, kind) in mixed {
      let asked = scene.alice.askForTicket(
        for: bob.name, purpose: purpose, ephemeral: scene.kdc.random.agreementKey().publicKey,
        at: scene.kdc.now, random: &scene.kdc.random)
      let forged = try asked.next.opener.forge(kind, renewal: true) { _ in }
      #expect(asked.next.failure(on: forged) == .unexpectedReply)
    }
  }

  @Test("4.4: the longest replies and requests fit into a datagram")
  func sizes() throws {
    let scene = try Scene()
    let kdc = scene.kdc
    let bob = try scene.logIn()
    let taking = bob.takeDeposits(
      mailbox: scene.alice.name, at: kdc.now, random: &kdc.random)
    #expect(taking.message.count == 401)
    #expect(try kdc.reply(to: taking.message, isDatagram: true).count == 296)
    let asking = scene.alice.askForTicket(
      for: bob.name, purpose: .deposit, ephemeral: kdc.random.agreementKey().publicKey,
      at: kdc.now, random: &kdc.random)
    #expect(try kdc.reply(to: asking.message, isDatagram: true).count == 1121)
  }
}
