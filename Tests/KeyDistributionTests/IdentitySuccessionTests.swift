import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("E3, E4: an identity that was replaced")
struct IdentitySuccessionTests {
  private func announced(by kdc: TestKDC) throws -> AnnouncedEpoch {
    try AnnouncedEpoch(kdc.reply(to: AnnouncedEpoch.request))
  }

  @Test("E4: whoever has pinned any of the identities is led to the present one, in the same realm")
  func follows() throws {
    let kdc = try TestKDC()
    let other = try TestKDC(seed: "another")
    var pins: [Realm] = []
    for _ in 0..<3 {
      pins.append(try kdc.replaceIdentity())
      let announced = try announced(by: kdc)
      let shown = announced.identity
      #expect(shown.realm == kdc.realm && shown.realm.id == pins[0].id)
      for pin in pins {
        #expect(pin != kdc.realm && shown.succeeds(pin) && shown.isFrom(pin.identity))
        // Before the pin is moved nothing is accepted under the new identity.
        let failure = exchangeFailure {
          _ = try announced.accept(pinned: pin, at: .kdcClock(kdc.now))
        }
        #expect(failure == .identityChanged)
      }
      #expect(!shown.succeeds(kdc.realm) && shown.isFrom(kdc.realm.identity))
      #expect(!shown.succeeds(other.realm) && !shown.isFrom(other.realm.identity))
      _ = try announced.accept(pinned: kdc.realm, at: .kdcClock(kdc.now))
    }
  }

  @Test(
    "A succession that was rolled back, or leads elsewhere, does not lead to a pin that is newer")
  func rolledBackAndForked() throws {
    let (kdc, thief) = (try TestKDC(), try TestKDC())
    try kdc.replaceIdentity()
    // Who has the founding key, as it was before.
    #expect(!(try announced(by: thief)).identity.succeeds(kdc.realm))
    _ = thief.random.bytes(8)
    try thief.replaceIdentity()
    #expect(thief.realm.id == kdc.realm.id && thief.realm != kdc.realm)
    #expect(!(try announced(by: thief)).identity.succeeds(kdc.realm))
    try thief.replaceIdentity()
    #expect(!(try announced(by: thief)).identity.succeeds(kdc.realm))
  }

  @Test("E3: every bit of a succession counts, and so do order and number")
  func everyBit() throws {
    let kdc = try TestKDC()
    let founding = try kdc.reply(to: AnnouncedEpoch.request)
    for _ in 0..<3 { try kdc.replaceIdentity() }
    let message = try kdc.reply(to: AnnouncedEpoch.request)
    let start = founding.count
    #expect(message.count == start + 1 + 3 * (32 + 8 + 64))
    for index in start..<message.count {
      var bent = message
      bent[index] ^= 1
      #expect(throws: ExchangeFailure.self, "\(index)") { try AnnouncedEpoch(bent.bytes) }
    }
    for count in start + 1..<message.count {
      let cut = [UInt8](message[..<count])
      #expect(throws: ExchangeFailure.self) { try AnnouncedEpoch(cut.bytes) }
    }
    let steps = (0..<3).map { message[(start + 1 + $0 * 104)..<(start + 105 + $0 * 104)] }
    let orders: [[Int]] = [
      [0, 1], [1, 2], [0, 2], [0, 2, 1], [1, 0, 2], [0, 1, 1, 2], [0, 1, 2, 2], [],
    ]
    for order in orders {
      let bent = message[..<start] + [UInt8(order.count)] + order.flatMap { steps[$0] }
      #expect(throws: ExchangeFailure.self, "\(order)") { try AnnouncedEpoch([UInt8](bent).bytes) }
    }
    // Without it, the identity would be another realm's.
    let alone = [UInt8](message[..<start])
    #expect(exchangeFailure { _ = try AnnouncedEpoch(alone.bytes) } == .notAuthentic)
  }

  @Test("Sixteen times and no more; the announcement has room for that")
  func limit() throws {
    let kdc = try TestKDC()
    for _ in 0..<IdentitySuccession.limit { try kdc.replaceIdentity() }
    #expect(kdc.center.keys.succession(by: kdc.realm.identity, at: kdc.now) == nil)
    #expect(try kdc.reply(to: AnnouncedEpoch.request).count <= 4096)
    #expect(try announced(by: kdc).realm == kdc.realm)
  }

  @Test("A key that comes twice leads nowhere, and only the present key can say who is next")
  func cyclesAndStrangers() throws {
    let kdc = try TestKDC()
    let keys = kdc.center.keys
    let realm = kdc.realm
    let seed = kdc.random.secret(32)
    let next = SigningKey(seed: seed)
    let one = try #require(keys.succession(by: next.publicKey, at: kdc.now))
    let cycle = one.continued(by: next, with: realm.identity, in: realm, at: kdc.now)
    let back = try #require(cycle)
    #expect(one.realm(of: next.publicKey)?.id == realm.id)
    #expect(back.realm(of: realm.identity) == nil)
    let stranger = SigningKey(seed: kdc.random.secret(32))
    let continued = IdentitySuccession().continued(
      by: stranger, with: next.publicKey, in: realm, at: kdc.now)
    let forged = try #require(continued)
    #expect(forged.realm(of: next.publicKey)?.id != realm.id)
    let isAdopted = keys.adoptIdentity(seed, forged)
    #expect(!isAdopted && kdc.realm == realm)
  }

  @Test("A word tells an identity that was replaced, and every bit of a kept realm counts")
  func words() throws {
    let kdc = try TestKDC()
    let before = try kdc.replaceIdentity()
    let word = try #require(Realm(word: kdc.realm.word))
    #expect(word.identity == kdc.realm.identity && word.id != before.id)
    #expect(kdc.realm.word != before.word && before.hasFoundingIdentity)
    #expect(!kdc.realm.hasFoundingIdentity)
    let id = Substring(kdc.realm.hexadecimalID)
    #expect(Realm(identity: kdc.realm.identity, hexadecimalID: id) == kdc.realm)
    for wrong in [id.dropLast(), id + "0", Substring(id.uppercased()), "g" + id.dropFirst()] {
      #expect(Realm(identity: kdc.realm.identity, hexadecimalID: wrong) == nil)
    }
  }

  @Test("3.4: certificates of before are given out no more, whether made anew yet or not")
  func certificates() throws {
    let kdc = try TestKDC()
    let alice = try kdc.member("alice")
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    let before = try kdc.replaceIdentity()
    var random = SeededRandom("certificates")
    for isDone in [false, true] {
      if isDone {
        for user in kdc.directory.users.values {
          kdc.directory.put(kdc.center.keys.recertified(user) ?? user)
        }
        kdc.center.keys.endRecertifying()
      }
      #expect(kdc.center.keys.isRecertifying == !isDone)
      let ephemeral = random.agreementKey()
      let granted = try kdc.grant(alice, for: bob.name, ephemeral: ephemeral.publicKey)
      let claim = granted.value.peerClaim
      // By the pin of before, by the present one, and by the one of before that asks for it.
      let former = PeerTrust(realm: before, own: alice.name)
      let distrust = failure(PeerDistrust.self) {
        _ = try former.judge(claim, pinned: nil, at: kdc.clocks)
      }
      #expect(distrust == .notCertified)
      _ = try PeerTrust(realm: kdc.realm, own: alice.name).judge(
        claim, pinned: nil, at: kdc.clocks)
      _ = try former.judge(claim, pinned: nil, at: kdc.clocks) { kdc.realm }
      let other = try TestKDC(seed: "another")
      for next in [nil, other.realm, before] {
        #expect(throws: PeerDistrust.self) {
          try former.judge(claim, pinned: nil, at: kdc.clocks) { next }
        }
      }
      let user = try #require(kdc.directory.users[bob.name])
      #expect(kdc.center.keys.isSound(user))
      #expect(kdc.center.keys.isCertified(user) == isDone)
    }
  }
}
