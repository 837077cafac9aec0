import Directory
import KeyDistribution
import Testing

@Suite("Presence, in every store")
struct StoredPresenceTests {
  @Test("It ends when it is not told again, and with its login", arguments: StoreKind.allCases)
  func ends(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let bob = try presence("bob")
      let carol = try presence("carol", end: 3000)
      #expect(try await store.presence("bob", at: 2000) == nil)
      #expect(await store.apply(.announce(bob)) == .done)
      #expect(await store.apply(.announce(carol)) == .done)
      #expect(try await store.presence("carol", at: 2999) == carol)
      #expect(try await store.presence("carol", at: 3000) == nil)
      #expect(try await store.presence("bob", at: 181_999) == bob)
      #expect(try await store.presence("bob", at: 182_000) == nil)
      #expect(await store.apply(.announce(bob), at: 170_000) == .done)
      #expect(try await store.presence("bob", at: 349_999) == bob)
      let all = try await blocking { try store.presences(at: at(349_999)) }
      #expect(all == [bob])
    }
  }

  @Test("The later login wins", arguments: StoreKind.allCases)
  func later(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let early = try presence("bob", login: 1000)
      let late = try presence("bob", login: 1500, end: 150_000, port: 60001)
      #expect(await store.apply(.announce(early), at: 2000) == .done)
      #expect(await store.apply(.announce(late), at: 2001) == .done)
      #expect(await store.apply(.announce(early), at: 2002) == .conflict)
      #expect(try await store.presence("bob", at: 2003) == late)
      // Once its login has ended, or it is not heard of, the earlier one is as good as none.
      #expect(await store.apply(.announce(early), at: 150_000) == .done)
      #expect(try await store.presence("bob", at: 150_000) == early)
      let last = try presence("bob", login: 1501)
      #expect(await store.apply(.announce(last), at: 150_001) == .done)
      #expect(await store.apply(.announce(early), at: 330_000) == .conflict)
      #expect(await store.apply(.announce(early), at: 330_001) == .done)
    }
  }

  @Test("A withdrawal ends that login and earlier ones", arguments: StoreKind.allCases)
  func withdrawn(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let bob = try presence("bob", login: 1500)
      func withdraw(_ login: UInt64, at now: UInt64) async -> ChangeOutcome {
        await store.apply(.withdraw(bob.name, loginTime: at(login)), at: now)
      }
      #expect(await withdraw(1500, at: 2000) == .done)
      #expect(await store.apply(.announce(bob)) == .done)
      #expect(await withdraw(1499, at: 2001) == .conflict)
      #expect(try await store.presence("bob", at: 2001) == bob)
      #expect(await withdraw(1500, at: 2002) == .done)
      #expect(try await store.presence("bob", at: 2002) == nil)
      // What is dead is no obstacle.
      #expect(await store.apply(.announce(bob)) == .done)
      #expect(await withdraw(1499, at: 182_000) == .done)
    }
  }

  @Test("Those who serve are told in their order, so many at a time", arguments: StoreKind.allCases)
  func services(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let all = (10..<40).map { "post\($0)" }
      for text in all.reversed() + ["a-b", "a.b", "a0"] {
        #expect(try await store.apply(.announce(presence(text, service: .mailbox))) == .done)
      }
      #expect(try await store.apply(.announce(presence("receiver"))) == .done)
      #expect(try await store.servers(at: 2000) == ["a-b", "a.b", "a0"] + all.prefix(9))
      #expect(try await store.servers(after: "post18", at: 2000) == Array(all[9..<21]))
      #expect(try await store.servers(after: "post3", at: 2000) == Array(all[20...]))
      #expect(try await store.servers(after: "post39", at: 2000) == [])
      // One leaves, one serves no longer, and one alone is heard of again.
      #expect(
        try await store.apply(.withdraw(name("a-b"), loginTime: at(1000)), at: 2000) == .done)
      #expect(try await store.apply(.announce(presence("a.b"))) == .done)
      #expect(try await store.servers(at: 2000) == ["a0"] + all.prefix(11))
      let heard = try presence("post20", service: .mailbox)
      #expect(await store.apply(.announce(heard), at: 100_000) == .done)
      #expect(try await store.servers(at: 182_000) == ["post20"])
    }
  }
}
