#if PostgreSQL
import Directory
import KeyDistribution
import PostgreSQLHarness
import PostgreSQLStore
import Testing

@Suite("The tables of a store")
struct SchemaTests {
  /// A database without tables.
  private func empty() async throws -> (server: PostgreSQLServer, database: String) {
    try await blocking {
      let server = try PostgreSQLServer.shared()
      return (server, try server.makeDatabase())
    }
  }

  private func migrate(_ url: String) async throws -> Int {
    try await blocking { try Schema.migrate(StoreAddress(url)) }
  }

  private func reason(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "nothing is wrong"
    } catch {
      return "\(error)"
    }
  }

  @Test("They are made once, and left alone after that")
  func migrate() async throws {
    let (server, database) = try await empty()
    #expect(try await migrate(server.url(of: database)) == 0)
    #expect(try await migrate(server.url(of: database)) == Schema.version)
    let versions = try await blocking {
      try server.sql("SELECT version FROM trent.migrations ORDER BY version", in: database)
    }
    #expect(versions == (1...Schema.version).map { "\($0)" }.joined(separator: "\n"))
  }

  @Test("Several who make them at once do no harm")
  func concurrent() async throws {
    for _ in 0..<3 {
      let (server, database) = try await empty()
      let found = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<6 { group.addTask { try await migrate(server.url(of: database)) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found.sorted() == [0] + [Int](repeating: Schema.version, count: 5))
    }
  }

  @Test("A KDC says what is to be done about tables of another version")
  func versions() async throws {
    let (server, database) = try await empty()
    let url = server.url(of: database)
    let store = try await Store()
    var told = await reason { _ = try await store.open(url) }
    #expect(told == "the store: there are no tables: make them with \"kdc store migrate\"")
    _ = try await migrate(url)
    for statement in [
      "DELETE FROM trent.migrations WHERE version = \(Schema.version)",
      "INSERT INTO trent.migrations (version) VALUES (\(Schema.version + 1))",
    ] {
      _ = try await blocking { try server.sql(statement, in: database) }
      told = await reason { _ = try await store.open(url) }
      if statement.hasPrefix("DELETE") {
        #expect(told.contains("kdc store migrate"))
      } else {
        #expect(told.contains("install a newer one"))
        #expect(await reason { _ = try await migrate(url) }.contains("install a newer one"))
      }
    }
  }

  @Test("A migration that fails leaves nothing behind")
  func failed() async throws {
    let (server, database) = try await empty()
    let url = server.url(of: database)
    // Something is in the way of what would be made.
    _ = try await blocking {
      try server.sql("CREATE SCHEMA trent; CREATE TABLE trent.wrong_proofs ()", in: database)
    }
    #expect(await reason { _ = try await migrate(url) }.contains("already exists"))
    _ = try await blocking { try server.sql("DROP TABLE trent.wrong_proofs", in: database) }
    #expect(try await migrate(url) == 0)
  }

  /// As docs/OPERATIONS.md says it.
  @Test("A KDC needs no more rights than to read and write")
  func rights() async throws {
    let store = try await Store()
    let role = "role_\(store.database)"
    try await store.sql(
      """
      CREATE ROLE \(role) LOGIN;
      GRANT USAGE ON SCHEMA trent TO \(role);
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA trent TO \(role);
      """)
    let events = Events()
    let url = store.url.replacing("//trent@", with: "//\(role)@")
    let directory = try await store.open(url, events: events)
    #expect(try await directory.apply(.register(user("alice"))) == .done)
    #expect(try await directory.add(invitation(1, until: 5000)) == .done)
    #expect(try await directory.apply(.registerInvited(user("bob"), by: hash(1))) == .done)
    #expect(try await directory.apply(.announce(presence("bob"))) == .done)
    #expect(try await directory.apply(.takeDeposits(deposits("bob"))) == .done)
    #expect(try await directory.user("bob") == (try user("bob")))
    directory.share(try wrongProof("bob", at: 2000))
    directory.maintain(at: at(2000))
    directory.close()
    #expect(events.reports == [])
    #expect(try await store.sql("SELECT count(*) FROM trent.wrong_proofs") == "1")
  }

  @Test("A store has one realm")
  func realm() async throws {
    let store = try await Store()
    try await store.open().close()
    let other = [UInt8](repeating: 0xcd, count: 32)
    let told = await reason { _ = try await store.open(realm: other) }
    #expect(told == "the store: it belongs to another kdc.key")
    try await store.open().close()
  }
}
#endif
