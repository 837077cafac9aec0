import Directory
import KeyDistribution
import Testing

@Suite("Logins that open deposits, in every store")
struct StoredDepositsTests {
  @Test("The later login counts, until its time is over", arguments: StoreKind.allCases)
  func later(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let early = try deposits("bob", login: 1000)
      let late = try deposits("bob", login: 1001, until: 3000)
      #expect(await store.apply(.takeDeposits(early)) == .done)
      #expect(await store.apply(.takeDeposits(late)) == .done)
      #expect(await store.apply(.takeDeposits(early)) == .conflict)
      #expect(await store.apply(.takeDeposits(late)) == .done)
      #expect(try await store.deposits("bob", at: 2999) == late)
      #expect(try await store.deposits("bob", at: 3000) == nil)
      #expect(await store.apply(.takeDeposits(early), at: 3000) == .done)
      #expect(try await store.deposits("bob", at: 3000) == early)
      #expect(try await store.apply(.takeDeposits(deposits("carol", until: 3001))) == .done)
      let all = try await blocking { try store.deposits(at: at(3001)) }
      #expect(all == [early])
    }
  }

  @Test("Just the record that was looked at is replaced", arguments: StoreKind.allCases)
  func replaced(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let former = try deposits("bob")
      let next = try deposits("bob", mark: 8)
      #expect(await store.replace(former, with: next, at: 2000) == .conflict)
      #expect(await store.apply(.takeDeposits(former)) == .done)
      #expect(await store.replace(former, with: next, at: 2000) == .done)
      #expect(await store.replace(former, with: next, at: 2000) == .conflict)
      #expect(try await store.deposits("bob", at: 2000) == next)
    }
  }

  @Test("A query is answered as a whole", arguments: StoreKind.allCases)
  func together(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let (alice, bob) = (try user("alice"), try user("bob"))
      let post = try presence("post", service: .mailbox)
      #expect(await store.apply(.register(alice)) == .done)
      #expect(await store.apply(.register(bob)) == .done)
      #expect(try await store.apply(.announce(presence("bob"))) == .done)
      #expect(await store.apply(.announce(post)) == .done)
      #expect(try await store.apply(.takeDeposits(deposits("bob"))) == .done)
      let query = RecordQuery(
        users: [alice.name, bob.name], presences: [alice.name, bob.name], deposits: bob.name,
        services: ServiceQuery(.mailbox, after: nil))
      let records = Records(
        users: [alice.name: alice, bob.name: bob], presences: [bob.name: try presence("bob")],
        deposits: try deposits("bob"), services: [post.name])
      #expect(try await store.found(query) == records)
      // Nobody is told more than was asked for.
      let one = RecordQuery(users: [bob.name])
      #expect(try await store.found(one) == Records(users: [bob.name: bob]))
    }
  }
}
