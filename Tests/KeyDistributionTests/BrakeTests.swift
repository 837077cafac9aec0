import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("Brakes on guessing and haste (PROTOCOL.md, 6.4)")
struct BrakeTests {
  /// A network, by its number.
  private func network(_ number: Int) throws -> NetworkAddress {
    try address(
      [10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)], port: 1)
  }

  /// A login with a wrong digest and the attacker's own identity key.
  private func guess(
    _ kdc: TestKDC, _ name: String, from source: NetworkAddress
  ) throws -> ExchangeFailure? {
    let asked = try kdc.loginRequest(TestUser(name, variant: "mallory"))
    return asked.next.failure(on: try kdc.reply(to: asked.message, from: source))
  }

  private func logIn(_ kdc: TestKDC, _ user: TestUser, from source: NetworkAddress) throws {
    let asked = try kdc.loginRequest(user)
    _ = try asked.next.receive(kdc.reply(to: asked.message, from: source))
  }

  /// Wrong proofs until the brake of the name is closed, each from another network.
  private func attack(_ kdc: TestKDC, _ name: String) throws {
    for number in 0..<kdc.center.policy.brakes.name.freeFailures {
      #expect(try guess(kdc, name, from: network(number)) == .refused)
    }
    #expect(try guess(kdc, name, from: network(99)) == .slowDown(seconds: 1))
  }

  @Test("HOSTILE B 12: after some wrong proofs the delay doubles, up to its limit")
  func doubling() throws {
    let kdc = try TestKDC()
    try kdc.register(TestUser("alice"))
    try attack(kdc, "alice")
    for (step, delay) in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].enumerated() {
      let source = try network(100 + step)
      #expect(try guess(kdc, "alice", from: source) == .slowDown(seconds: UInt32(delay)))
      #expect(kdc.lastRefusal == .tooManyProofs)
      kdc.advance(.milliseconds(UInt64(delay) * 1000 - 1))
      #expect(try guess(kdc, "alice", from: source) == .slowDown(seconds: 1))
      kdc.advance(.milliseconds(1))
      #expect(try guess(kdc, "alice", from: source) == .refused)
    }
  }

  @Test("HOSTILE B 9: the brake of a name that does not exist is the same")
  func unknownName() throws {
    let kdc = try TestKDC()
    try kdc.register(TestUser("alice"))
    try attack(kdc, "alice")
    try attack(kdc, "nobody")
    let answers = try ["alice", "nobody"].map { name in
      let asked = try kdc.loginRequest(TestUser(name, variant: "mallory"))
      return kdc.handle(asked.message, from: try network(7))
    }
    #expect(Set(answers.map { $0.message?.count }).count == 1)
    #expect(answers.allSatisfy { $0.notBefore == CenterPolicy().refusalDelay })
  }

  @Test("The owner comes in at once during the attack, from a known network and from a new one")
  func owner() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    let home = try address([192, 0, 2, 1], port: 5)
    try logIn(kdc, alice, from: home)
    try attack(kdc, "alice")
    try logIn(kdc, alice, from: home)
    // Signed by the identity key: what guesses have done does not count.
    try logIn(kdc, alice, from: address([198, 51, 100, 1], port: 5))
    #expect(try guess(kdc, "alice", from: network(50)) == .slowDown(seconds: 1))
  }

  @Test("The owner changes the secret during the attack")
  func change() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    try attack(kdc, "alice")
    try kdc.changeSecret(of: alice, to: TestUser("alice", variant: "new"))
  }

  @Test("Guesses for a change of secret count like those for a login")
  func changesCount() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    let mallory = try TestUser("alice", variant: "mallory")
    for number in 0..<5 {
      let asked = try kdc.changeRequest(mallory, to: mallory)
      let answer = try kdc.reply(to: asked.message, from: network(number))
      #expect(asked.next.failure(on: answer) == .refused)
    }
    let asked = try kdc.changeRequest(mallory, to: mallory)
    let answer = try kdc.reply(to: asked.message, from: network(9))
    #expect(asked.next.failure(on: answer) == .slowDown(seconds: 1))
  }

  @Test("A known network is no licence to guess, nor is a signature that a peer has seen")
  func ownWaysAreBraked() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    try attack(kdc, "alice")
    let home = try address([192, 0, 2, 1], port: 5)
    try logIn(kdc, alice, from: home)
    // The signature of the right identity key, and a wrong digest: from home, then from anywhere.
    let thief = try alice.with(digestOf: TestUser("mallory"))
    func failures(from source: (Int) throws -> NetworkAddress) throws -> [ExchangeFailure?] {
      try (0..<12).map { number in
        let asked = try kdc.loginRequest(thief)
        return asked.next.failure(on: try kdc.reply(to: asked.message, from: source(number)))
      }
    }
    let atHome = try failures { _ in home }
    // Five by the network, and five by the signature, as the first of its own was.
    #expect(atHome.prefix { $0 == .refused }.count == 10)
    #expect(atHome.last == .slowDown(seconds: 1))
    let elsewhere = try failures { try network(200 + $0) }
    #expect(elsewhere.allSatisfy { $0 == .slowDown(seconds: 1) })
  }

  @Test("An old signature of a login key is no way in for the owner's name")
  func staleSignature() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    let asked = try kdc.loginRequest(alice.with(digestOf: TestUser("mallory")))
    try attack(kdc, "alice")
    // What the request's seal is made with lives longer than its signature counts.
    kdc.advance(CenterPolicy().requestTolerance + .milliseconds(1))
    for number in 0..<8 { _ = try guess(kdc, "alice", from: network(number)) }
    let answer = try kdc.reply(to: asked.message, from: network(77))
    guard case .slowDown? = asked.next.failure(on: answer) else {
      Issue.record("it was looked at")
      return
    }
  }

  @Test("HOSTILE C 13: a copy of a login does not make its sender's network known")
  func copiedLogin() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    let asked = try kdc.loginRequest(alice)
    _ = try kdc.reply(to: asked.message, from: address([192, 0, 2, 1], port: 5))
    let thief = try network(3)
    _ = try kdc.reply(to: asked.message, from: thief)
    #expect(kdc.lastRefusal == .replayed)
    // Were it known, guesses from there would have a count of their own.
    for number in 0..<9 { _ = try guess(kdc, "alice", from: network(10 + number)) }
    #expect(try guess(kdc, "alice", from: thief) == .slowDown(seconds: 1))
  }

  @Test("One source that guesses for many names is slowed, and harms nobody else there for long")
  func spraying() throws {
    let kdc = try TestKDC(policy: .unhurried)
    let alice = try TestUser("alice")
    try kdc.register(alice)
    let source = try network(1)
    try logIn(kdc, alice, from: source)
    var looked = 0
    for number in 0..<140 where try guess(kdc, "name\(number)", from: source) == .refused {
      looked += 1
    }
    #expect(looked == CenterPolicy().brakes.source.freeFailures)
    // A neighbour who has come from there before does not notice.
    try logIn(kdc, alice, from: source)
    #expect(try guess(kdc, "another", from: network(2)) == .refused)
  }

  @Test("HOSTILE G 24: sealed requests of a source are limited before they are opened")
  func sealedRequests() throws {
    var policy = CenterPolicy()
    policy.brakes.sealedRequests = RateRule(perSecond: 2, burst: 3)
    let kdc = try TestKDC(policy: policy)
    let asked = try kdc.epoch().askForSalt(of: principal("alice"))
    // One host in its two spellings, and nonsense instead of a request: it is not opened.
    let plain = try address([192, 0, 2, 9], port: 1)
    let mapped = try address([UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 9], port: 2)
    for source in [plain, mapped, plain] {
      #expect(
        asked.next.opener.duplicate().failure(on: try kdc.reply(to: asked.message, from: source))
          == nil)
    }
    var bent = asked.message
    bent[bent.count - 1] ^= 1
    for source in [plain, mapped] {
      let answer = try kdc.reply(to: bent, from: source)
      #expect(answer == [1, 8, 5, 0, 0, 0, 1])
    }
    #expect(kdc.lastRefusal == .tooManyRequests)
    _ = try kdc.reply(to: asked.message, from: address([192, 0, 2, 10], port: 1))
    kdc.advance(.milliseconds(500))
    #expect(try kdc.reply(to: asked.message, from: plain) != [1, 8, 5, 0, 0, 0, 1])
    #expect(asked.next.failure(on: [1, 8, 5, 0, 0, 0, 7]) == .slowDown(seconds: 7))
  }

  @Test("HOSTILE G 24: registrations from one source are limited")
  func registrations() throws {
    var policy = CenterPolicy()
    policy.brakes.registrations = RateRule(perSecond: 1, burst: 2)
    let kdc = try TestKDC(policy: policy)
    for number in 0..<2 { try kdc.register(TestUser("user\(number)")) }
    #expect(throws: ExchangeFailure.slowDown(seconds: 1)) { try kdc.register(TestUser("third")) }
    #expect(kdc.lastRefusal == .tooManyRegistrations)
    kdc.advance(.seconds(1))
    try kdc.register(TestUser("third"))
  }

  @Test("HOSTILE G 24: connections from one IPv6 network are counted together")
  func connections() throws {
    var policy = BrakePolicy()
    policy.connections = RateRule(perSecond: 1, burst: 5)
    let brakes = Brakes(policy)
    let now = TestKDC.start
    func host(_ last: UInt8) throws -> NetworkAddress {
      try address([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last], port: 1)
    }
    let admitted = try (0..<20).count { brakes.admitConnection(from: try host($0), at: now) }
    #expect(admitted == 5)
    #expect(brakes.counts(at: now).connectionsRefused == 15)
    #expect(brakes.admitConnection(from: try network(1), at: now))
    #expect(brakes.admitConnection(from: try host(0), at: now + .seconds(1)))
  }
}

extension SealedReplyOpener {
  consuming func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try open(message.bytes)
      return nil
    } catch {
      return error
    }
  }
}
