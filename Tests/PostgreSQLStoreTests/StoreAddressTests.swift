#if PostgreSQL
import Directory
import Foundation
import PostgreSQLHarness
import PostgreSQLStore
import Testing

@Suite("Where a store is")
struct StoreAddressTests {
  @Test("Only URLs of libpq are addresses, and none has a password in it")
  func form() throws {
    for url in ["postgresql://", "postgres://h1:1,h2/name?sslmode=require&service=trent"] {
      #expect(StoreAddress.isAddress(url))
      #expect(try StoreAddress(url).url == url)
    }
    for text in ["pwd.txt", "", "host=h", "mysql://h/name", "/postgresql://h"] {
      #expect(!StoreAddress.isAddress(text))
      #expect(throws: DirectoryUnavailable.self) { try StoreAddress(text) }
    }
    for url in ["postgresql://h/?nonsense=1", "postgresql://[h/name", "postgresql://h/%zz"] {
      #expect(throws: DirectoryUnavailable.self) { try StoreAddress(url) }
    }
    for url in [
      "postgresql://trent:Secret7@h/name", "postgresql://h/name?password=Secret7",
      "postgresql://h/name?sslpassword=Secret7", "postgresql://h/name?nonsense=Secret7",
    ] {
      let failure = #expect(throws: DirectoryUnavailable.self) { try StoreAddress(url) }
      #expect(failure?.description.contains("Secret7") == false)
    }
  }

  /// In a process of its own, since variables are the whole process's.
  @Test("Variables and a service file fill the gaps")
  func gaps() async throws {
    let store = try await Store()
    let (folder, database) = (store.server.folder, store.database)
    await #expect(processExitsWith: .success) {
      [folder = folder as String, database = database as String] in
      unsafe setenv("PGHOST", folder, 1)
      unsafe setenv("PGUSER", "trent", 1)
      #expect(try Schema.migrate(StoreAddress("postgresql:///\(database)")) == Schema.version)
      unsafe unsetenv("PGHOST")
      unsafe unsetenv("PGUSER")
      let file = "\(folder)/service-\(database)"
      let text = "[realm]\nhost=\(folder)\nuser=trent\ndbname=\(database)\n"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      unsafe setenv("PGSERVICEFILE", file, 1)
      let url = "postgresql://?service=realm"
      #expect(try Schema.migrate(StoreAddress(url)) == Schema.version)
    }
  }

  @Test("Who cannot be reached is told at once, with the reason")
  func nobody() async throws {
    let store = try await Store()
    let url = "postgresql://trent@/name?host=/nonexistent"
    do {
      try await store.open(url).close()
      Issue.record("a store was found")
    } catch let failure as DirectoryUnavailable {
      #expect(failure.description.hasPrefix("the store: "))
      #expect(failure.description.contains("/nonexistent"))
      #expect(!failure.description.contains("\n"))
    }
  }
}
#endif
