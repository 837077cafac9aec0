import Directory
import KeyDistribution
import Testing
import Wire

@Suite("Users, in every store")
struct StoredUsersTests {
  @Test("A name is registered once", arguments: StoreKind.allCases)
  func taken(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let alice = try user("alice")
      #expect(try await store.user("alice") == nil)
      #expect(await store.apply(.register(alice)) == .done)
      let other = try user("alice", keyVersion: 2, mark: 2)
      #expect(await store.apply(.register(alice)) == .conflict)
      #expect(await store.apply(.register(other)) == .conflict)
      #expect(try await store.user("alice") == alice)
    }
  }

  /// In PostgreSQL some of them mean something.
  @Test("Any name will do", arguments: StoreKind.allCases)
  func names(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let longest = String(repeating: "b", count: 64)
      for text in ["null", "user", "a-b", "a.b_c", "0", "default", longest] {
        let record = try user(text)
        #expect(await store.apply(.register(record)) == .done, "\(text)")
        #expect(try await store.user(text) == record, "\(text)")
      }
      let both = RecordQuery(users: [try name("null"), try name("0")])
      #expect(try await store.found(both).users.values == [try user("0"), try user("null")])
    }
  }

  @Test("Who was removed makes place for a higher key version", arguments: StoreKind.allCases)
  func removed(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let former = try user("bob", keyVersion: 5)
      let removed = try user("bob", keyVersion: 6, state: .removed)
      #expect(await store.apply(.register(former)) == .done)
      #expect(await store.apply(.update(removed, replacing: 5)) == .done)
      for version in UInt32(5)...6 {
        #expect(try await store.apply(.register(user("bob", keyVersion: version))) == .conflict)
      }
      let next = try user("bob", keyVersion: 7, mark: 2)
      #expect(await store.apply(.register(next)) == .done)
      #expect(try await store.user("bob") == next)
    }
  }

  @Test("Who is disabled or was reset keeps the name", arguments: StoreKind.allCases)
  func kept(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      for state in [UserRecord.State.disabled, .reset] {
        let record = try user("\(state)", state: state)
        #expect(await store.apply(.register(record)) == .done)
        let other = try user("\(state)", keyVersion: 2)
        #expect(await store.apply(.register(other)) == .conflict)
        #expect(try await store.user("\(state)") == record)
      }
    }
  }

  @Test("A record is updated from the key version that it has", arguments: StoreKind.allCases)
  func updated(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      #expect(try await store.apply(.update(user("bob"), replacing: 1)) == .conflict)
      #expect(try await store.apply(.register(user("bob", keyVersion: 3))) == .done)
      let next = try user("bob", keyVersion: 4)
      #expect(await store.apply(.update(next, replacing: 2)) == .conflict)
      #expect(await store.apply(.update(next, replacing: 4)) == .conflict)
      #expect(try await store.apply(.update(user("bob"), replacing: 3)) == .conflict)
      #expect(await store.apply(.update(next, replacing: 3)) == .done)
      #expect(await store.apply(.update(next, replacing: 3)) == .conflict)
      let disabled = try user("bob", keyVersion: 4, state: .disabled)
      #expect(await store.apply(.update(disabled, replacing: 4)) == .done)
      #expect(try await store.user("bob") == disabled)
    }
  }

  @Test("Just the record that was looked at is replaced", arguments: StoreKind.allCases)
  func replaced(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let former = try user("bob")
      let next = try user("bob", mark: 2)
      #expect(await store.replace(former, with: next) == .conflict)
      #expect(await store.apply(.register(former)) == .done)
      #expect(await store.replace(next, with: former) == .conflict)
      #expect(await store.replace(former, with: next) == .done)
      #expect(await store.replace(former, with: next) == .conflict)
      #expect(try await store.user("bob") == next)
    }
  }

  @Test("Of many registrations of a name one is made", arguments: StoreKind.allCases)
  func race(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let outcomes = try await withThrowingTaskGroup(of: (UInt8, ChangeOutcome).self) { group in
        for mark in UInt8(0)..<100 {
          let record = try user("bob", mark: mark)
          group.addTask { (mark, await store.apply(.register(record))) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let winners = outcomes.filter { $0.1 == .done }.map(\.0)
      #expect(winners.count == 1)
      #expect(outcomes.allSatisfy { $0.1 == .done || $0.1 == .conflict })
      #expect(try await store.user("bob")?.salt.first == winners.first)
    }
  }

  @Test("All users are visited, those who were removed too", arguments: StoreKind.allCases)
  func visited(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let records = try (0..<1200).map { number in
        try user("user\(number)", state: number % 7 == 0 ? .removed : .active)
      }
      await withTaskGroup(of: ChangeOutcome.self) { group in
        for record in records { group.addTask { await store.apply(.register(record)) } }
        for await outcome in group { #expect(outcome == .done) }
      }
      let visited = try await blocking {
        let visited = Shared<[UserRecord]>([])
        try store.visitUsers { record in visited.withLock { $0.append(record) } }
        return visited.withLock { $0 }
      }
      #expect(visited.count == records.count)
      #expect(Set(visited) == Set(records))
    }
  }

  @Test("What is in a store is counted", arguments: StoreKind.allCases)
  func counted(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      for text in ["alice", "bob"] {
        #expect(try await store.apply(.register(user(text))) == .done)
      }
      let removed = try user("bob", state: .removed)
      #expect(await store.apply(.update(removed, replacing: 1)) == .done)
      #expect(try await store.apply(.announce(presence("alice"))) == .done)
      #expect(try await store.apply(.announce(presence("old", end: 2500))) == .done)
      for byte in UInt8(1)...3 {
        #expect(try await store.add(invitation(byte, until: 3000 + UInt64(byte))) == .done)
      }
      let spent = DirectoryChange.registerInvited(try user("carol"), by: hash(3))
      #expect(await store.apply(spent) == .done)
      store.maintain(at: at(3001))
      let figures = StoreFigures(names: 3, receivers: 1, openInvitations: 1)
      try await eventually("\(figures)") { store.figures(at: at(3001)) == figures }
    }
  }

  @Test("Changes of a name are made as they were asked for", arguments: StoreKind.allCases)
  func order(_ kind: StoreKind) async throws {
    try await kind.with { store async throws in
      let left = Shared(400)
      for login in UInt64(1)...200 {
        let record = try presence("bob", login: login)
        store.apply(.announce(record), at: at(2000)) { outcome in
          left.withLock { $0 -= outcome == .done ? 1 : 1000 }
        }
        store.apply(.withdraw(record.name, loginTime: at(login)), at: at(2000)) { outcome in
          left.withLock { $0 -= outcome == .done ? 1 : 1000 }
        }
      }
      try await eventually("all answers") { left.withLock { $0 <= 0 } }
      #expect(left.withLock { $0 } == 0)
      #expect(try await store.presence("bob", at: 2000) == nil)
    }
  }
}
