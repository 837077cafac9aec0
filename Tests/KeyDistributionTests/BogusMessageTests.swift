import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

/// krb5's `t_bogus_kdc_req`, for every message there is: whatever is done to it, it is an error or
/// silence, nothing changes, and the same KDC still serves a good client.
@Suite("HOSTILE A 1: every prefix, truncation and bit flip of every message")
struct BogusMessageTests {
  private func expectHarmless(_ kdc: TestKDC, _ message: [UInt8], isDatagram: Bool) {
    let users = kdc.directory.users
    let presences = kdc.directory.presences
    let answered = Mutations.all(of: message).filter { bogus in
      guard let answer = kdc.handle(bogus, isDatagram: isDatagram).message else { return false }
      return isDatagram || answer.count != 3 || answer[1] != 8
    }
    #expect(answered.isEmpty)
    #expect(kdc.directory.users == users)
    #expect(kdc.directory.presences == presences)
  }

  /// That every variant of a message has its error.
  private func expectRefused<Failure: Error>(
    _ message: [UInt8], by failure: (_ bogus: [UInt8]) -> Failure?
  ) {
    let taken = Mutations.all(of: message).filter { failure($0) == nil }
    #expect(taken.isEmpty)
  }

  private func expectService(_ kdc: TestKDC, by user: TestUser) throws {
    let credential = try kdc.logIn(user)
    try kdc.announce(credential)
  }

  enum Request: CaseIterable {
    case epoch, salt, registration, login, ticket, announcement, withdrawal
  }

  @Test("At the KDC", arguments: Request.allCases)
  func atTheKDC(request: Request) throws {
    let kdc = try TestKDC(policy: .unhurried)
    let user = try TestUser("alice")
    try kdc.register(user)
    let alice = try kdc.logIn(user)
    let newcomer = try TestUser("newcomer")
    let message: [UInt8] =
      switch request {
      case .epoch: AnnouncedEpoch.request
      case .salt: try kdc.epoch().askForSalt(of: user.name).message
      case .registration:
        try kdc.epoch().register(
          newcomer.name, salt: kdc.salt(of: newcomer.name), digest: newcomer.digest,
          identity: newcomer.identity, port: 1
        ).message
      case .login: try kdc.loginRequest(user).message
      case .ticket:
        alice.askForTicket(
          for: newcomer.name, purpose: .session, ephemeral: kdc.random.agreementKey().publicKey,
          at: kdc.now, random: &kdc.random
        ).message
      case .announcement:
        alice.announce(port: 1, addresses: [kdc.source], at: kdc.now, random: &kdc.random).message
      case .withdrawal: alice.withdraw(at: kdc.now, random: &kdc.random).message
      }
    expectHarmless(kdc, message, isDatagram: false)
    expectHarmless(kdc, message, isDatagram: true)
    // What was bent is not remembered: the straight one is still served.
    #expect(kdc.handle(message).message != nil)
    try expectService(kdc, by: user)
  }

  @Test("Noise of every type and many lengths at the KDC")
  func noise() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    for type in UInt8(0)...9 {
      for count in [0, 1, 7, 8, 27, 212, 213, 229, 245, 300, 1127, 1128, 1129, 1145, 1500, 4000] {
        let message = [1, type] + kdc.random.bytes(count)
        guard message != AnnouncedEpoch.request else { continue }
        let answer = kdc.handle(message)
        #expect(answer.message == nil || answer.message?.count == 3)
        #expect(kdc.handle(message, isDatagram: true).message == nil)
      }
    }
    try expectService(kdc, by: user)
  }

  @Test("An epoch announcement at the client")
  func announcement() throws {
    let kdc = try TestKDC()
    let announcement = try kdc.reply(to: AnnouncedEpoch.request)
    expectRefused(announcement) { bogus in exchangeFailure { _ = try AnnouncedEpoch(bogus) } }
    _ = try AnnouncedEpoch(announcement)
  }

  @Test("Sealed replies at the client")
  func sealedReplies() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let salt = try kdc.epoch().askForSalt(of: user.name)
    let saltReply = try kdc.reply(to: salt.message)
    let saltOpener = salt.next.opener.duplicate()
    expectRefused(saltReply) { bogus in exchangeFailure { _ = try saltOpener.kind(of: bogus) } }
    _ = try salt.next.receive(saltReply)

    let login = try kdc.loginRequest(user)
    let loginReply = try kdc.reply(to: login.message)
    let loginOpener = login.next.opener.duplicate()
    let digest = user.digest
    let shared = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: kdc.salt(of: user.name).keyVersion,
      realm: kdc.realm)
    expectRefused(loginReply) { bogus in
      exchangeFailure { _ = try loginOpener.kind(of: bogus, shared: shared) }
    }
    _ = try login.next.receive(loginReply)
  }

  @Test("Granting replies at the client, which may take the true one after any number of others")
  func grantingReplies() throws {
    let kdc = try TestKDC()
    let alice = try kdc.member("alice")
    let bob = try kdc.member("bob")
    let announcing = bob.announce(port: 1, addresses: [], at: kdc.now, random: &kdc.random)
    let announced = try kdc.reply(to: announcing.message)
    expectRefused(announced) { bogus in announcing.next.failure(on: bogus) }
    #expect(announcing.next.failure(on: announced) == nil)

    let asking = alice.askForTicket(
      for: bob.name, purpose: .session, ephemeral: kdc.random.agreementKey().publicKey,
      at: kdc.now, random: &kdc.random)
    let granted = try kdc.reply(to: asking.message)
    expectRefused(granted) { bogus in asking.next.failure(on: bogus) }
    #expect(asking.next.failure(on: granted) == nil)

    let leaving = bob.withdraw(at: kdc.now, random: &kdc.random)
    let left = try kdc.reply(to: leaving.message)
    expectRefused(left) { bogus in leaving.next.failure(on: bogus) }
    #expect(leaving.next.failure(on: left) == nil)
  }

  @Test("The first handshake message at the responder")
  func firstMessage() throws {
    let pair = try PeerPair()
    let message = try pair.call().message
    expectRefused(message) { bogus in pair.failure(on: bogus) }
    #expect(pair.failure(on: message) == nil)
  }

  @Test("The handshake reply at the initiator")
  func handshakeReply() throws {
    let pair = try PeerPair()
    let count = 32 + 16
    for index in 0..<count {
      for isFlip in [true, false] {
        let hello = try pair.call()
        var reply = try pair.answer(hello.message).message
        #expect(reply.count == count)
        if isFlip {
          reply[index] ^= 1 << UInt8(index % 8)
        } else {
          reply = [UInt8](reply[..<index])
        }
        #expect(hello.next.failure(on: reply) == .handshake)
      }
    }
    let hello = try pair.call()
    let reply = try pair.answer(hello.message).message
    #expect(hello.next.failure(on: reply + [0]) == .handshake)
  }

  @Test("The first record at the responder")
  func firstRecord() throws {
    let pair = try PeerPair()
    for index in 0..<(16 + 4) {
      for isFlip in [true, false] {
        let hello = try pair.call()
        let awaitingAnswer = hello.next
        let answered = try pair.answer(hello.message)
        var initiator = try awaitingAnswer.receive(answered.message)
        var record = try initiator.seal(text("data"))
        if isFlip {
          record[index] ^= 1 << UInt8(index % 8)
        } else {
          record = [UInt8](record[..<index])
        }
        #expect(answered.next.failure(on: record) == .record)
      }
    }
  }
}
