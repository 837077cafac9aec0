import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("A1-A3 and W: presence")
struct PresenceTests {
  @Test("A2: the observed address comes first, with the announced port; useless ones are left out")
  func addresses() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let own = try address([10, 0, 0, 5], port: 60_000)
    let six = try address([0x20, 0x01] + [UInt8](repeating: 0, count: 13) + [1], port: 60_001)
    let asked = bob.announce(
      port: 60_000,
      addresses: [
        own, try address(TestKDC.client, port: 60_000), six, try address([10, 0, 0, 6], port: 0),
      ], at: kdc.now, random: &kdc.random)
    _ = try asked.next.receive(kdc.reply(to: asked.message, isDatagram: true))
    let presence = try #require(kdc.directory.presences[bob.name])
    #expect(presence.addresses == [try address(TestKDC.client, port: 60_000), own, six])
    #expect(presence.loginEnd == bob.end)
  }

  @Test("HOSTILE G 24: a mapped IPv4 address is told as IPv4")
  func mappedSource() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let asked = bob.announce(port: 60_000, addresses: [], at: kdc.now, random: &kdc.random)
    let mapped = try address(
      [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 7], port: 9)
    let granted = try asked.next.receive(kdc.reply(to: asked.message, from: mapped))
    #expect(granted.value.description == "192.0.2.7:9")
    #expect(
      kdc.directory.presences[bob.name]?.addresses.map(\.description) == ["192.0.2.7:60000"])
  }

  @Test("A2: a refreshment changes nothing and is no line in the log; a new port is both")
  func refreshment() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    let before = try #require(kdc.directory.presences[bob.name])
    let count = kdc.events.count
    kdc.advance(.seconds(60))
    try kdc.announce(bob)
    #expect(kdc.directory.presences[bob.name] == before)
    #expect(kdc.events.count == count)
    let asked = bob.announce(port: 60_001, addresses: [], at: kdc.now, random: &kdc.random)
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    #expect(kdc.events.last?.kind == .announced)
    #expect(kdc.directory.presences[bob.name] != before)
  }

  @Test("A3: of two logins of one name the later receives, and the earlier is told")
  func superseded() throws {
    let kdc = try TestKDC()
    let user = try TestUser("bob")
    let alice = try kdc.member("alice")
    try kdc.register(user)
    let earlier = try kdc.logIn(user)
    // In the same millisecond.
    let later = try kdc.logIn(user)
    try kdc.announce(earlier)
    try kdc.announce(later)
    #expect(exchangeFailure { try kdc.announce(earlier) } == .superseded)
    #expect(kdc.lastRefusal == .superseded)
    let granted = try kdc.grant(
      alice, for: user.name, ephemeral: kdc.random.agreementKey().publicKey)
    #expect(granted.value.peerClaim.loginKey == later.signed)

    // Nor can the earlier one end the presence of the later.
    let farewell = earlier.withdraw(at: kdc.now, random: &kdc.random)
    #expect(farewell.next.failure(on: try kdc.reply(to: farewell.message)) == .superseded)
    #expect(kdc.directory.presences[user.name]?.loginKey == later.signed)
    // The later one can end that of the earlier.
    kdc.directory.forgetPresence(of: user.name)
    try kdc.announce(earlier)
    let other = later.withdraw(at: kdc.now, random: &kdc.random)
    _ = try other.next.receive(kdc.reply(to: other.message))
    #expect(kdc.directory.presences.isEmpty)
  }

  @Test("A2: a presence with the time of a login but another key does not lend its ticket key")
  func sameTimeOtherLogin() throws {
    // Two replicas can grant two logins in one millisecond.
    let kdc = try TestKDC()
    let replica = try TestKDC()
    let user = try TestUser("bob")
    try kdc.register(user)
    for record in kdc.directory.users.values { replica.directory.put(record) }
    let here = try kdc.logIn(user)
    let there = try replica.logIn(TestUser("bob"))
    try kdc.announce(here)
    let presence = try #require(kdc.directory.presences[user.name])
    replica.directory.putPresence(presence)
    try replica.announce(there)
    let after = try #require(replica.directory.presences[user.name])
    try #require(after.loginTime == presence.loginTime)
    #expect(after.loginKey == there.signed)
    #expect(after.sealedTicketKey != presence.sealedTicketKey)
  }

  @Test("A3: a store that fails is an honest try again")
  func storeFailed() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    kdc.directory.forcedOutcome = .failed
    #expect(exchangeFailure { try kdc.announce(bob) } == .unavailable)
    kdc.directory.forcedOutcome = nil
    try kdc.announce(bob)
  }

  @Test("A1: more addresses than fit are left out by the client and refused by the KDC")
  func tooManyAddresses() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let many = try (1...20).map { try address([10, 0, 0, UInt8($0)], port: 60_000) }
    let asked = bob.announce(port: 60_000, addresses: many, at: kdc.now, random: &kdc.random)
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    #expect(kdc.directory.presences[bob.name]?.addresses.count == PresenceRecord.addressLimit)

    var body = ByteWriter()
    body.uint8(2)
    body.uint16(60_000)
    body.addresses(many)
    #expect(failure(WireError.self) { _ = try GrantingRequest.parse(body.written) } != nil)
  }

  @Test("A1: port 0 is no port")
  func portZero() {
    var body = ByteWriter()
    body.uint8(2)
    body.uint16(0)
    body.addresses([])
    body.zeros(80)
    #expect(
      failure(WireError.self) { _ = try GrantingRequest.parse(body.written) } == .invalid("port"))
  }
}
