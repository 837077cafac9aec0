import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("Sizes, and what is not answered")
struct SizeTests {
  /// What fits into one datagram everywhere (RFC 8200: 1280 bytes, less IPv6 and UDP headers).
  private static let datagramLimit = 1232

  /// The longest names there are, and a receiver with all addresses that fit.
  private func grantWithEverything(_ kdc: TestKDC) throws -> (request: [UInt8], reply: [UInt8]) {
    let alice = try kdc.member(String(repeating: "a", count: 64))
    let bob = try kdc.member(String(repeating: "b", count: 64))
    let many = try (1...5).map {
      try address([0x20, 0x01] + [UInt8](repeating: $0, count: 14), port: 60_000)
    }
    let announcement = bob.announce(
      port: 60_000, addresses: many, at: kdc.now, random: &kdc.random)
    _ = try announcement.next.receive(kdc.reply(to: announcement.message, isDatagram: true))
    #expect(announcement.message.count <= Self.datagramLimit)
    let asked = alice.askForTicket(
      for: bob.name, purpose: .session, ephemeral: kdc.random.agreementKey().publicKey,
      at: kdc.now, random: &kdc.random)
    let reply = try kdc.reply(to: asked.message, isDatagram: true)
    let granted = try asked.next.receive(reply)
    #expect(granted.value.addresses.count == PresenceRecord.addressLimit)
    return (asked.message, reply)
  }

  @Test("T: the largest exchange fits into one datagram both ways")
  func datagrams() throws {
    let (request, reply) = try grantWithEverything(TestKDC())
    #expect(request.count <= Self.datagramLimit)
    #expect(reply.count <= Self.datagramLimit)
    #expect(reply.count > 1000)
  }

  @Test("HOSTILE A 5: a datagram's reply is at most three times its request")
  func amplification() throws {
    let kdc = try TestKDC()
    let (request, reply) = try grantWithEverything(kdc)
    #expect(reply.count <= 3 * request.count)
    let carol = try kdc.member("carol")
    let withdrawal = carol.withdraw(at: kdc.now, random: &kdc.random).message
    let announcement = carol.announce(
      port: 1, addresses: [], at: kdc.now, random: &kdc.random
    ).message
    for small in [withdrawal, announcement] {
      #expect(try kdc.reply(to: small, isDatagram: true).count <= 3 * small.count)
    }
  }

  @Test("T: names and outcomes do not show in the length of a request")
  func lengthsTellNothing() throws {
    let kdc = try TestKDC()
    let alice = try kdc.member("alice")
    let key = kdc.random.agreementKey().publicKey
    var requests: Set<Int> = []
    for peer in ["b", "bob", String(repeating: "b", count: 64)] {
      let asked = alice.askForTicket(
        for: try principal(peer), purpose: .session, ephemeral: key, at: kdc.now,
        random: &kdc.random)
      requests.insert(asked.message.count)
    }
    #expect(requests.count == 1)
    let logins = try ["a", String(repeating: "a", count: 64)].map { name in
      try kdc.loginRequest(TestUser(name)).message.count
    }
    #expect(logins[0] == logins[1])
  }

  @Test("HOSTILE A 5: what only TCP may carry is met with silence by datagram")
  func silence() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let sealed = try kdc.loginRequest(user).message
    let salt = try kdc.epoch().askForSalt(of: user.name).message
    for message in [AnnouncedEpoch.request, sealed, salt] {
      let answer = kdc.handle(message, isDatagram: true)
      #expect(answer.message == nil)
      #expect(answer.event == nil)
    }
    // By TCP they are answered.
    #expect(kdc.handle(AnnouncedEpoch.request).message != nil)
    #expect(kdc.handle(sealed).message != nil)
  }

  @Test("CVE-2002-2443: never answers a reply or a failure", arguments: [true, false])
  func repliesAreNotAnswered(isDatagram: Bool) throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let alice = try kdc.logIn(user)
    let login = try kdc.loginRequest(user).message
    let withdrawal = alice.withdraw(at: kdc.now, random: &kdc.random).message
    var replies = [
      try kdc.reply(to: AnnouncedEpoch.request), try kdc.reply(to: login),
      try kdc.reply(to: withdrawal), try kdc.reply(to: [1, 1, 0]),
    ]
    #expect(replies.map { $0[1] } == [2, 4, 6, 8])
    replies += replies.map { [UInt8]($0[..<2]) }
    for reply in replies {
      let answer = kdc.handle(reply, isDatagram: isDatagram)
      #expect(answer.message == nil)
    }
  }

  @Test("A failure in the clear says one byte, never to a datagram")
  func failures() throws {
    let kdc = try TestKDC()
    let messages: [[UInt8]] = [
      [], [1], [2, 1], [1, 0], [1, 7], [1, 9], [0xff, 0xff], [1, 3], [1, 5],
    ]
    for message in messages {
      #expect(kdc.handle(message).message == [1, 8, 1])
      #expect(kdc.handle(message, isDatagram: true).message == nil)
    }
  }

  @Test("CVE-2018-20217: a message of any length is refused, not trusted")
  func longMessages() throws {
    let kdc = try TestKDC()
    // Sealed as it should be, and far too long inside: anybody can send that.
    for kind in [SealedRequestKind.salt, .registration, .login, .change] {
      for count in [3_000, 66_000, 200_000] {
        var body = ByteWriter()
        body.uint8(kind.rawValue)
        body.zeros(count)
        let long = try kdc.sealAnything(body)
        #expect(kdc.handle(long).message == [1, 8, 1])
      }
    }
    for type in UInt8(1)...8 {
      let long = [1, type] + [UInt8](repeating: 0, count: 1 << 20)
      #expect(kdc.handle(long).message == [1, 8, 1])
      #expect(kdc.handle(long, isDatagram: true).message == nil)
    }
    _ = try kdc.member("alice")
  }
}
