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

  @Test("An opened ticket key is kept for just its presence, until all are forgotten")
  func openedTicketKeys() throws {
    let pair = try PeerPair()
    let keys = pair.kdc.center.keys
    let presence = try #require(pair.kdc.directory.presences[pair.bob.name])
    let opened = OpenedTicketKeys()
    var openings = 0
    func key(of presence: PresenceRecord) throws -> TicketKey {
      try opened.key(of: presence) { (presence) throws(AuthenticationFailure) in
        openings += 1
        return try keys.openTicketKey(of: presence)
      }
    }
    let first = try key(of: presence)
    #expect(try key(of: presence) === first)
    #expect(openings == 1)
    var other = presence
    other.addresses = []
    #expect(try key(of: other) !== first)
    other.sealedTicketKey = [UInt8](repeating: 0, count: 60)
    #expect(throws: AuthenticationFailure.self) { try key(of: other) }
    openings = 0
    _ = try key(of: presence)
    opened.forget()
    _ = try key(of: presence)
    #expect(openings == 2)
  }
}
