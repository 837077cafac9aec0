import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The ratchet of ticket-granting keys")
struct RatchetTests {
  private static let longestLogin = CenterPolicy().longestLogin
  private static let firstPeriod = TicketGrantingRatchet.period(of: TestKDC.start)

  private func ratchet(period: UInt32 = Self.firstPeriod, chain: [UInt8]) throws -> Ratchet {
    Ratchet(period: period, chain: chain, realm: try TestKDC().realm)
  }

  private func chain() -> [UInt8] {
    var random = SeededRandom("chain")
    return random.bytes(32)
  }

  /// A ratchet that can be asked inside of an expectation.
  private final class Ratchet {
    private var ratchet: TicketGrantingRatchet

    init(period: UInt32, chain: [UInt8], realm: Realm) {
      ratchet = TicketGrantingRatchet(
        period: period, chain: SecretBytes(copying: chain.bytes), realm: realm,
        longestLogin: RatchetTests.longestLogin)
    }

    var basePeriod: UInt32 { ratchet.basePeriod }

    var chain: [UInt8] {
      let chain = ratchet.chainKey()
      return [UInt8](chain.bytes)
    }

    @discardableResult
    func advance(to now: Timestamp) -> Bool { ratchet.advance(to: now) }

    func currentPeriod(at now: Timestamp) -> UInt32 { ratchet.current(at: now).period }

    /// A seal under the key of an hour, by which keys are told apart.
    func mark(_ period: UInt32) -> [UInt8]? {
      ratchet.key(for: period)?.key.seal(
        text("mark").bytes, nonce: [UInt8](repeating: 0, count: 12).bytes,
        authenticating: [UInt8]().bytes)
    }
  }

  @Test("Every hour has a key of its own, and the same one whenever it is made")
  func hours() throws {
    let chain = chain()
    let early = try ratchet(chain: chain)
    let late = try ratchet(chain: chain)
    late.advance(to: TestKDC.start + .hours(9))
    var marks: Set<[UInt8]> = []
    for hour in 0..<10 {
      let now = TestKDC.start + .hours(UInt64(hour))
      early.advance(to: now)
      #expect(early.currentPeriod(at: now) == Self.firstPeriod + UInt32(hour))
      let mark = try #require(early.mark(Self.firstPeriod + UInt32(hour)))
      #expect(late.mark(Self.firstPeriod + UInt32(hour)) == mark)
      marks.insert(mark)
    }
    #expect(marks.count == 10)
    #expect(late.mark(Self.firstPeriod + 10) == nil)
  }

  @Test("HOSTILE B 11: a key is erased when the longest login under it is over, not before")
  func erasure() throws {
    let chain = chain()
    let ratchet = try ratchet(chain: chain)
    // The last ticket of the first hour lives until ten hours later.
    let last = TestKDC.start + .milliseconds(Interval.hours(1).milliseconds - 1)
    #expect(!ratchet.advance(to: last + Self.longestLogin))
    #expect(ratchet.mark(Self.firstPeriod) != nil)
    #expect(ratchet.advance(to: TestKDC.start + .hours(12)))
    #expect(ratchet.mark(Self.firstPeriod) == nil)
    #expect(ratchet.mark(Self.firstPeriod + 1) != nil)
    #expect(ratchet.basePeriod == Self.firstPeriod + 1)
    // The clock going back brings nothing back.
    #expect(!ratchet.advance(to: TestKDC.start))
    #expect(ratchet.mark(Self.firstPeriod) == nil)
    #expect(ratchet.currentPeriod(at: TestKDC.start) == Self.firstPeriod + 1)
  }

  @Test("After days without a call it stands where one that was called every hour stands")
  func longSleep() throws {
    let chain = chain()
    let asleep = try ratchet(chain: chain)
    let awake = try ratchet(chain: chain)
    for hour in 1...100 { awake.advance(to: TestKDC.start + .hours(UInt64(hour))) }
    #expect(asleep.advance(to: TestKDC.start + .hours(100)))
    #expect(asleep.basePeriod == awake.basePeriod)
    #expect(asleep.chain == awake.chain)
    #expect(asleep.mark(Self.firstPeriod + 100) != nil)
    #expect(asleep.mark(Self.firstPeriod + 100) == awake.mark(Self.firstPeriod + 100))
  }

  @Test("CVE-2014-5351: what kdc.key holds after the base moved opens nothing from before")
  func movedBase() throws {
    let chain = chain()
    let old = try ratchet(chain: chain)
    let oldMark = try #require(old.mark(Self.firstPeriod))
    old.advance(to: TestKDC.start + .hours(24))
    let kept = old.chain
    let restarted = try ratchet(period: old.basePeriod, chain: kept)
    restarted.advance(to: TestKDC.start + .hours(24))
    #expect(restarted.mark(Self.firstPeriod) == nil)
    for period in old.basePeriod...(Self.firstPeriod + 24) {
      #expect(restarted.mark(period) == old.mark(period))
      #expect(restarted.mark(period) != oldMark)
    }
    // Somebody who claims that the new chain key is an old hour's opens nothing either.
    let forged = try ratchet(period: Self.firstPeriod, chain: kept)
    #expect(forged.mark(Self.firstPeriod) != oldMark)
  }

  @Test("A ticket of any hour is good until its login ends, and the machine says so when kept up")
  func ticketsAcrossHours() throws {
    let kdc = try TestKDC()
    let alice = try kdc.member("alice")
    for _ in 0..<10 {
      kdc.advance(.hours(1))
      _ = kdc.center.maintain(at: kdc.now, random: &kdc.random)
      try kdc.announce(alice)
    }
    kdc.advance(.milliseconds(1))
    #expect(exchangeFailure { try kdc.announce(alice) } == .loginOver)
    #expect(kdc.lastRefusal == .loginOver)
    kdc.advance(.hours(2))
    #expect(kdc.center.maintain(at: kdc.now, random: &kdc.random))
    let tooLate = alice.withdraw(at: kdc.now, random: &kdc.random)
    let answer = try kdc.reply(to: tooLate.message)
    #expect(tooLate.next.failure(on: answer) == .failed(.ticketNotAccepted))
    #expect(kdc.lastRefusal == .ticketUnknown)
  }

  @Test("T2: replicas with the same kdc.key take each other's tickets; another KDC does not")
  func replicas() throws {
    let first = try TestKDC()
    let alice = try first.member("alice")
    // The same seed gives the same secrets.
    let replica = try TestKDC()
    let stranger = try TestKDC(seed: "another")
    for user in first.directory.users.values {
      replica.directory.put(user)
      stranger.directory.put(user)
    }
    try replica.announce(alice)
    let asked = alice.withdraw(at: first.now, random: &first.random)
    let answer = try stranger.reply(to: asked.message)
    #expect(asked.next.failure(on: answer) == .failed(.ticketNotAccepted))
  }

  @Test("T2: a KDC that starts again from what kdc.key holds takes the living tickets")
  func restart() throws {
    let kdc = try TestKDC()
    kdc.advance(.hours(30))
    #expect(kdc.center.maintain(at: kdc.now, random: &kdc.random))
    let alice = try kdc.member("alice")
    var random = SeededRandom("kdc")
    let original = KDCKeyMaterial.generate(period: 0, random: &random)
    var chain: [UInt8] = []
    var basePeriod: UInt32 = 0
    kdc.center.withRatchetState { period, key in
      basePeriod = period
      chain = [UInt8](key.bytes)
    }
    let material = KDCKeyMaterial(
      identitySeed: original.identitySeed.duplicate(),
      storageKey: original.storageKey.duplicate(), saltKey: original.saltKey.duplicate(),
      ratchetPeriod: UInt64(basePeriod), ratchetKey: SecretBytes(copying: chain.bytes))
    kdc.advance(.hours(3))
    let restarted = KeyDistributionCenter(material, policy: CenterPolicy(), now: kdc.now)
    // Before the first request; and what it forgets then is forgotten on disk as well.
    #expect(restarted.maintain(at: kdc.now, random: &random))
    let asked = alice.withdraw(at: kdc.now, random: &kdc.random)
    let step = restarted.receive(
      asked.message.bytes, from: kdc.source, isDatagram: true, at: kdc.now, random: &random)
    guard case .lookUp(let query, _) = step else {
      Issue.record("the ticket was not taken")
      return
    }
    #expect(query.users == [alice.name])
  }
}
