import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("Records on their way through a request")
struct RecordTests {
  private func record(_ name: String, keyVersion: UInt32 = 1) throws -> UserRecord {
    UserRecord(
      name: try #require(PrincipalName(name)), address: .nowhere, keyVersion: keyVersion,
      parameters: .minimum, salt: [], sealedDigest: [], identity: nil, certificate: [],
      state: .active)
  }

  @Test("A change of a copy leaves the other as it was")
  func copies() throws {
    let former = try record("alice")
    var copy = former
    #expect(copy == former && copy.hashValue == former.hashValue)
    copy.state = .disabled
    #expect(copy != former && former.state == .active && copy.state == .disabled)
    copy.state = .active
    #expect(copy == former)
  }

  @Test("A table finds its records, replaces them and lets go of them")
  func table() throws {
    let (alice, bob) = (try record("alice"), try record("bob"))
    var table = RecordTable<UserRecord>([:])
    #expect(table.values.isEmpty && table[alice.name] == nil)
    table[bob.name] = bob
    #expect(Array(table.values) == [bob])
    table[alice.name] = alice
    #expect(Array(table.values) == [alice, bob])
    #expect(table == RecordTable([alice.name: alice, bob.name: bob]))
    let later = try record("bob", keyVersion: 2)
    table[bob.name] = later
    #expect(table[bob.name] == later && table[alice.name] == alice)
    table[try #require(PrincipalName("carol"))] = nil
    #expect(table.values.count == 2)
    table[alice.name] = nil
    #expect(table[alice.name] == nil && Array(table.values) == [later])
    table[bob.name] = nil
    #expect(table == RecordTable([:]))
  }

  @Test("A key is kept for just its record, and for no longer than told")
  func keptKeys() throws {
    let pair = try PeerPair()
    let presence = try #require(pair.kdc.directory.presences[pair.bob.name])
    let sealed = presence.sealedTicketKey
    let key = TicketKey(try pair.kdc.center.keys.openTicketKey(of: presence))
    let kept = KeptKeys<PresenceRecord, TicketKey>(limit: 1, lifetime: .seconds(10))
    kept.expire(at: pair.kdc.now)
    #expect(kept.key(of: presence, sealed: sealed) == nil)
    kept.keep(key, of: presence, sealed: sealed)
    #expect(kept.key(of: presence, sealed: sealed) === key)
    var other = presence
    other.addresses = []
    #expect(kept.key(of: other, sealed: sealed) == nil)
    #expect(kept.key(of: other, sealed: []) == nil)
    kept.expire(at: pair.kdc.now + .seconds(9))
    #expect(kept.key(of: presence, sealed: sealed) === key)
    kept.expire(at: pair.kdc.now + .seconds(10))
    #expect(kept.key(of: presence, sealed: sealed) == nil)
    kept.keep(key, of: presence, sealed: sealed)
    // The only slot is another's now.
    kept.keep(key, of: other, sealed: sealed)
    #expect(kept.key(of: presence, sealed: sealed) == nil)
  }

  @Test("With a key that was kept, a right proof is right and a wrong one wrong")
  func keptUserKey() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    let guess = alice.with(digestOf: try TestUser("alice", variant: "guess"))
    try kdc.register(alice)
    for _ in 0..<2 { _ = try kdc.logIn(alice) }
    let record = try #require(kdc.directory.users[alice.name])
    #expect(kdc.center.keys.userKeys.key(of: record, sealed: record.sealedDigest) != nil)
    #expect(throws: (any Error).self) { _ = try kdc.logIn(guess) }
    #expect(kdc.lastRefusal == .wrongProof)
    _ = try kdc.logIn(alice)
    kdc.directory.edit(alice.name) { $0.state = .disabled }
    #expect(throws: (any Error).self) { _ = try kdc.logIn(alice) }
    #expect(kdc.lastRefusal == .disabled)
  }
}
