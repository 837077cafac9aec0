import Directory
import KeyDistribution
import Testing

@Suite("Invitations, in every store")
struct StoredInvitationsTests {
  private func register(
    _ record: UserRecord, by byte: UInt8, in store: any RealmStore, at now: UInt64 = 2000
  ) async -> ChangeOutcome {
    await store.apply(.registerInvited(record, by: hash(byte)), at: now)
  }

  @Test("One registers a person once, whoever asks again", arguments: StoreKind.allCases)
  func once(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let bob = try user("bob")
      #expect(await register(bob, by: 1, in: store) == .notInvited)
      #expect(try await store.add(invitation(1, until: 9000)) == .done)
      #expect(await register(bob, by: 2, in: store) == .notInvited)
      #expect(await register(bob, by: 1, in: store) == .done)
      #expect(try await store.user("bob") == bob)
      // Again, as when the answer was lost: it does not serve anybody else after that.
      #expect(await register(bob, by: 1, in: store) == .conflict)
      #expect(try await register(user("bob", mark: 2), by: 1, in: store) == .conflict)
      #expect(try await register(user("carol"), by: 1, in: store) == .notInvited)
      #expect(try await register(user("bob", keyVersion: 2), by: 1, in: store) == .notInvited)
      #expect(try await store.user("bob") == bob)
      #expect(try await store.user("carol") == nil)
    }
  }

  @Test("One for a name serves that name, until it expires", arguments: StoreKind.allCases)
  func named(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      #expect(try await store.add(invitation(1, for: "bob", until: 5000)) == .done)
      #expect(try await register(user("carol"), by: 1, in: store) == .notInvited)
      #expect(try await register(user("bob"), by: 1, in: store, at: 5000) == .notInvited)
      #expect(try await register(user("bob"), by: 1, in: store, at: 4999) == .done)
    }
  }

  @Test("Who meets a name that is taken keeps the invitation", arguments: StoreKind.allCases)
  func conflict(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      #expect(try await store.apply(.register(user("bob"))) == .done)
      #expect(try await store.add(invitation(1, until: 5000)) == .done)
      #expect(try await register(user("bob"), by: 1, in: store) == .conflict)
      #expect(try await register(user("carol"), by: 1, in: store) == .done)
    }
  }

  @Test("Who was reset comes back by an invitation for the name", arguments: StoreKind.allCases)
  func reset(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let reset = try user("bob", keyVersion: 4, state: .reset)
      #expect(await store.apply(.register(reset)) == .done)
      #expect(try await store.add(invitation(1, until: 5000)) == .done)
      #expect(try await store.add(invitation(2, for: "bob", until: 5000)) == .done)
      let next = try user("bob", keyVersion: 5, mark: 2)
      #expect(await register(next, by: 1, in: store) == .conflict)
      #expect(try await register(user("bob", keyVersion: 4), by: 2, in: store) == .conflict)
      #expect(await register(next, by: 2, in: store) == .done)
      #expect(try await store.user("bob") == next)
    }
  }

  @Test("Many who have one invitation: one of them is registered", arguments: StoreKind.allCases)
  func race(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      #expect(try await store.add(invitation(1, until: 5000)) == .done)
      let outcomes = try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
        for number in 0..<50 {
          let record = try user("user\(number)")
          group.addTask { await register(record, by: 1, in: store) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.count { $0 == .done } == 1)
      #expect(outcomes.count { $0 == .notInvited } == 49)
    }
  }
}
