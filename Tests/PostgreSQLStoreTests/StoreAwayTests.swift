#if PostgreSQL
import Directory
import KeyDistribution
import PostgreSQLHarness
import PostgreSQLStore
import Testing
import Wire

/// It hangs, ends, or is on another machine from now on.
@Suite("A store that goes away")
struct StoreAwayTests {
  /// How long look-ups wait for the store, and what a busy machine needs besides.
  private static let patience = Duration.seconds(2)
  private static let slack = Duration.seconds(3)

  /// A server that other tests do not need, with a store in it.
  private func ownStore(_ settings: [String] = []) async throws -> Store {
    try await blocking { try Store(on: PostgreSQLServer(settings)) }
  }

  private func serves(_ directory: PostgreSQLDirectory) async throws {
    let query = RecordQuery(users: [try name("nobody")], acceptsCopies: false)
    try await eventually("the store to be back") { (try? await directory.found(query)) != nil }
    var version: UInt32 = 1
    // Each pipeline comes back on its own.
    try await eventually("changes") {
      version += 1
      let record = try user("again\(version)", keyVersion: version)
      return await directory.apply(.register(record)) == .done
    }
    try await eventually("presence") {
      await directory.apply(.announce(try presence("again"))) == .done
    }
  }

  @Test("While it hangs, copies are told for their time, others fail soon; then it goes on")
  func hangs() async throws {
    let store = try await ownStore()
    defer { store.server.end() }
    let events = Events()
    let bob = try user("bob")
    try await store.fill(.register(bob))
    let directory = try await store.open(events: events)
    defer { directory.close() }
    #expect(try await directory.user("bob") == bob)

    try store.server.pause()
    let start = ContinuousClock.now
    let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<20 {
        let query = RecordQuery(users: [bob.name, try name("other\(number)")])
        group.addTask { (try? await directory.found(query)) != nil }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(!outcomes.contains(true))
    #expect(start.duration(to: .now) < Self.patience + Self.slack)
    #expect(events.reports.count == 1)
    // At once from then on, whether it is at hand or not.
    let later = ContinuousClock.now
    #expect(try await directory.user("bob") == bob)
    await #expect(throws: DirectoryUnavailable.self) { try await directory.user("other") }
    #expect(later.duration(to: .now) < .seconds(1))

    try store.server.resume()
    try await serves(directory)
    #expect(events.reports.count == 2)
    #expect(events.reports.last == "the store is back")
  }

  @Test("A copy is not told for longer because the store hangs")
  func age() async throws {
    let store = try await ownStore()
    defer { store.server.end() }
    try await store.fill(.register(user("bob")))
    let lifetime = Duration.seconds(1)
    let directory = try await store.open(lifetime: lifetime)
    defer { directory.close() }
    let found = ContinuousClock.now
    _ = try await directory.user("bob")
    try store.server.pause()
    let query = RecordQuery(users: [try name("bob")])
    var last = found
    try await eventually("its end") {
      let asked = ContinuousClock.now
      guard directory.recordsAtHand(query, at: at(2000)) != nil else { return true }
      last = asked
      return false
    }
    #expect(found.duration(to: last) < lifetime + .milliseconds(200))
    await #expect(throws: DirectoryUnavailable.self) { try await directory.user("bob") }
    try store.server.resume()
  }

  @Test("To end takes no longer than the patience when the store hangs")
  func ends() async throws {
    let store = try await ownStore()
    defer { store.server.end() }
    let directory = try await store.open()
    try store.server.pause()
    let answer = Shared<ChangeOutcome?>(nil)
    directory.apply(.announce(try presence("bob")), at: at(2000)) { outcome in
      answer.withLock { $0 = outcome }
    }
    let start = ContinuousClock.now
    try await blocking { directory.close() }
    #expect(start.duration(to: .now) < .seconds(10) + Self.slack)
    #expect(answer.withLock { $0 } == .failed)
    #expect(try await directory.apply(.announce(presence("bob"))) == .failed)
    await #expect(throws: DirectoryUnavailable.self) { try await directory.user("bob") }
  }

  @Test("HOSTILE D 18: kill -9 of the server loses no registration that was acknowledged")
  func killed() async throws {
    // Whatever the server is set to.
    let store = try await ownStore(["synchronous_commit=off", "wal_writer_delay=10s"])
    defer { store.server.end() }
    let directory = try await store.open()
    defer { directory.close() }
    let acknowledged = Shared<[String]>([])
    let left = Shared(0)
    for round in 0..<3 {
      let isOver = Shared(false)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 {
          group.addTask {
            for number in 0... where !isOver.withLock({ $0 }) {
              let text = "user-\(round)-\(worker)-\(number)"
              left.withLock { $0 += 1 }
              let outcome = await directory.apply(.register(try user(text)))
              left.withLock { $0 -= 1 }
              if outcome == .done { acknowledged.withLock { $0.append(text) } }
              if outcome == .failed { return }
            }
          }
        }
        let before = acknowledged.withLock { $0.count }
        try await eventually("registrations") { acknowledged.withLock { $0.count } > before + 200 }
        try await blocking { try store.server.kill() }
        isOver.withLock { $0 = true }
        try await group.waitForAll()
      }
      #expect(left.withLock { $0 } == 0)
      try await blocking { try store.server.start() }
      try await serves(directory)
    }
    let names = try await store.sql("SELECT name FROM trent.users").split(separator: "\n")
    let found = Set(names.map(String.init))
    let missing = acknowledged.withLock { $0 }.filter { !found.contains($0) }
    #expect(missing == [])
  }

  @Test("A connection that the server ends is made again, and nothing that was seen counts")
  func terminated() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    #expect(try await directory.apply(.register(user("bob"))) == .done)
    for version in UInt32(2)...4 {
      #expect(try await directory.user("bob")?.keyVersion == version - 1)
      // Nobody is told of this change.
      let next = try user("bob", keyVersion: version)
      let line = RecordLines.text(of: next)
      try await store.sql(
        """
        ALTER TABLE trent.users DISABLE TRIGGER tell;
        UPDATE trent.users SET kvno = \(version), line = '\(line)' WHERE name = 'bob';
        ALTER TABLE trent.users ENABLE TRIGGER tell;
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid();
        """)
      try await eventually("the new record") {
        (try? await directory.user("bob"))??.keyVersion == version
      }
      try await serves(directory)
    }
  }

  @Test("Of several servers the one that takes changes is used, and its successor after it")
  func failover() async throws {
    let primary = try await ownStore()
    let standby = try await blocking { try PostgreSQLServer(standbyOf: primary.server) }
    defer {
      primary.server.end()
      standby.end()
    }
    let url = PostgreSQLServer.url(of: primary.database, on: [standby, primary.server])
    let directory = try await primary.open(url)
    defer { directory.close() }
    let bob = try user("bob")
    #expect(await directory.apply(.register(bob)) == .done)
    try await eventually("the standby to have it") {
      try await blocking {
        try standby.sql("SELECT count(*) FROM trent.users", in: primary.database) == "1"
      }
    }
    try await blocking {
      try primary.server.kill()
      try standby.promote()
    }
    try await serves(directory)
    let query = RecordQuery(users: [bob.name], acceptsCopies: false)
    #expect(try await directory.found(query).users[bob.name] == bob)
  }

  /// What waits for a lock at the server is given up by both.
  @Test("A change that was given up is not made much later")
  func locked() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    let (one, other) = (try user("bob"), try user("bob", keyVersion: 2))
    #expect(await directory.apply(.register(one)) == .done)
    async let holder = store.sql(
      """
      BEGIN; SELECT name FROM trent.users WHERE name = 'bob' FOR UPDATE;
      SELECT pg_sleep(60);
      """)
    try await eventually("the lock") {
      try await store.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT name%'") == "1"
    }
    #expect(await directory.apply(.update(other, replacing: 1)) == .failed)
    try await eventually("nobody to wait") {
      try await store.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0"
    }
    try await store.sql(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE query LIKE 'BEGIN; SELECT name%' AND pid <> pg_backend_pid()
      """)
    _ = try? await holder
    let query = RecordQuery(users: [one.name], acceptsCopies: false)
    try await eventually("the store") { (try? await directory.found(query)) != nil }
    #expect(try await directory.found(query).users[one.name] == one)
  }
}
#endif
