#if PostgreSQL
import Directory
import PostgreSQLStore
import Testing

@Suite("Whose realm a store is, and under which keys", .timeLimit(.minutes(2)))
struct RealmClaimTests {
  private func open(
    _ store: Store, keys: String, isAlone: Bool = false
  ) async throws -> PostgreSQLDirectory {
    let address = try StoreAddress(store.url)
    return try await blocking {
      try PostgreSQLDirectory(
        address, of: claim(realm, keys: keys), at: at(2000), isAlone: isAlone, report: { _ in })
    }
  }

  private func refusal(_ body: () async throws -> PostgreSQLDirectory) async throws -> String {
    do {
      let directory = try await body()
      try await blocking { directory.close() }
      return "opened"
    } catch let failure as DirectoryUnavailable {
      return failure.description
    }
  }

  @Test("A KDC with keys that were replaced is refused; one with the present ones is not")
  func replaced() async throws {
    let store = try await Store()
    let keeper = try await open(store, keys: "one two", isAlone: true)
    try await blocking {
      try keeper.adoptPresentKeys()
      keeper.close()
    }
    #expect(try await refusal { try await open(store, keys: "one") }.contains("kdc.key"))
    let directory = try await open(store, keys: "one two")
    try await blocking { directory.close() }
  }

  @Test("A replacement that was interrupted is taken up by the first who has the new keys")
  func interrupted() async throws {
    let store = try await Store()
    let before = try await open(store, keys: "one")
    // Not while somebody serves with those of before.
    let refused = try await refusal { try await open(store, keys: "one two") }
    #expect(refused.contains("of before"))
    try await blocking { before.close() }
    let first = try await open(store, keys: "one two")
    let second = try await open(store, keys: "one two")
    #expect(try await refusal { try await open(store, keys: "one") }.contains("kdc.key"))
    try await blocking {
      first.close()
      second.close()
    }
  }
}
#endif
