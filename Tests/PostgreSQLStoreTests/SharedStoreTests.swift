#if PostgreSQL
import Directory
import KeyDistribution
import PostgreSQLStore
import Testing
import Wire

/// Several directories over one store, as several KDCs have it.
@Suite("A store that KDCs share")
struct SharedStoreTests {
  /// How soon others know of a change. Far less than what was found may be told again.
  private static let soon = Duration.seconds(5)

  @Test("What one changes the other sees at once, also what it has looked up before")
  func notices() async throws {
    let store = try await Store()
    let (one, other) = (try await store.open(), try await store.open())
    defer {
      one.close()
      other.close()
    }
    func seen(_ what: String, _ condition: () async throws -> Bool) async throws {
      try await eventually(what, within: Self.soon, condition)
    }
    // That there is nothing is remembered, too.
    #expect(try await other.user("bob") == nil)
    #expect(try await other.presence("bob", at: 2000) == nil)
    #expect(try await other.deposits("bob", at: 2000) == nil)
    for mark in UInt8(1)...3 {
      let record = try user("bob", keyVersion: UInt32(mark), mark: mark)
      let change: DirectoryChange =
        mark == 1 ? .register(record) : .update(record, replacing: UInt32(mark) - 1)
      #expect(await one.apply(change) == .done)
      try await seen("the user") { try await other.user("bob") == record }
    }
    for port in UInt16(1)...2 {
      let record = try presence("bob", port: port)
      #expect(await one.apply(.announce(record)) == .done)
      try await seen("the presence") { try await other.presence("bob", at: 2000) == record }
    }
    let gone = DirectoryChange.withdraw(try name("bob"), loginTime: at(1000))
    #expect(await one.apply(gone) == .done)
    try await seen("the withdrawal") { try await other.presence("bob", at: 2000) == nil }
    #expect(try await one.apply(.takeDeposits(deposits("bob"))) == .done)
    try await seen("the deposits") { try await other.deposits("bob", at: 2000) != nil }
  }

  /// Who was away for so long is known as gone, and it is no change of the record to come back.
  @Test("Who comes back after three minutes is seen at once")
  func comeback() async throws {
    let store = try await Store()
    let (one, other) = (try await store.open(), try await store.open())
    defer {
      one.close()
      other.close()
    }
    let bob = try presence("bob")
    #expect(await one.apply(.announce(bob), at: 2000) == .done)
    #expect(try await other.presence("bob", at: 182_000) == nil)
    #expect(await one.apply(.announce(bob), at: 182_000) == .done)
    try await eventually("bob", within: Self.soon) {
      try await other.presence("bob", at: 182_000) == bob
    }
  }

  @Test("One's own change is seen at once, whatever was looked up meanwhile")
  func own() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    let isOver = Shared(false)
    let query = RecordQuery(users: [try name("bob")])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          while !isOver.withLock({ $0 }) {
            _ = try await directory.found(query)
            await Task.yield()
          }
        }
      }
      defer { isOver.withLock { $0 = true } }
      #expect(try await directory.apply(.register(user("bob", keyVersion: 1))) == .done)
      for version in UInt32(2)...200 {
        let record = try user("bob", keyVersion: version)
        #expect(await directory.apply(.update(record, replacing: version - 1)) == .done)
        #expect(try await directory.user("bob") == record)
      }
    }
  }

  @Test("Without notices nothing is told for longer than its lifetime")
  func silence() async throws {
    let store = try await Store()
    let lifetime = Duration.seconds(1)
    let (before, after) = (try user("bob"), try user("bob", keyVersion: 2))
    try await store.fill(.register(before))
    let (one, other) = (try await store.open(), try await store.open(lifetime: lifetime))
    defer {
      one.close()
      other.close()
    }
    try await store.sql("ALTER TABLE trent.users DISABLE TRIGGER tell")
    let found = ContinuousClock.now
    #expect(try await other.user("bob") == before)
    #expect(await one.apply(.update(after, replacing: 1)) == .done)
    // It is looked at anew where copies will not do.
    let query = RecordQuery(users: [before.name], acceptsCopies: false)
    #expect(try await other.found(query).users[before.name] == after)
    #expect(other.recordsAtHand(query, at: at(2000)) == nil)
    while true {
      let asked = ContinuousClock.now
      let record = try await other.user("bob")
      if record == after { break }
      #expect(record == before)
      try #require(found.duration(to: asked) < lifetime + .seconds(10))
      // Of what was found anew just now there may be one more lifetime, and no more.
      #expect(found.duration(to: asked) < lifetime + lifetime)
      await Task.yield()
    }
  }

  @Test("Copies are at hand without the store, and only of what was asked for")
  func atHand() async throws {
    let store = try await Store()
    try await store.fill(.register(user("bob")))
    let directory = try await store.open()
    defer { directory.close() }
    let query = RecordQuery(users: [try name("bob"), try name("carol")])
    #expect(directory.recordsAtHand(query, at: at(2000)) == nil)
    let found = try await directory.found(query)
    #expect(directory.recordsAtHand(query, at: at(2000)) == found)
    let more = RecordQuery(users: [try name("bob"), try name("dave")])
    #expect(directory.recordsAtHand(more, at: at(2000)) == nil)
    let services = RecordQuery(services: ServiceQuery(.mailbox, after: nil))
    _ = try await directory.found(services)
    #expect(directory.recordsAtHand(services, at: at(2000)) == nil)
  }

  @Test("A copy of a presence ends with its login")
  func loginEnd() async throws {
    let store = try await Store()
    try await store.fill(
      .announce(presence("bob", end: 3000)), .takeDeposits(deposits("bob", until: 3000)))
    let directory = try await store.open()
    defer { directory.close() }
    #expect(try await directory.presence("bob", at: 2999) != nil)
    #expect(try await directory.deposits("bob", at: 2999) != nil)
    let query = RecordQuery(presences: [try name("bob")], deposits: try name("bob"))
    #expect(directory.recordsAtHand(query, at: at(2999))?.deposits != nil)
    #expect(directory.recordsAtHand(query, at: at(3000)) == Records())
  }

  @Test("Wrong proofs are told to the others, once, and to those who start later")
  func wrongProofs() async throws {
    let store = try await Store()
    let day: UInt64 = 86_400_000
    let events = (own: Events(), other: Events(), late: Events(), tooLate: Events())
    let one = try await store.open(events: events.own)
    let other = try await store.open(events: events.other)
    let proofs = try (0..<20).map { try wrongProof("user\($0)", at: 1000 * UInt64($0)) }
    for proof in proofs { one.share(proof) }
    try await eventually("the proofs") { events.other.proofs.count >= proofs.count }
    #expect(events.other.proofs == proofs)
    // Behind them all: what one is told of its own would have come before.
    other.share(try wrongProof("bob", at: 20_000))
    try await eventually("one more") { !events.own.proofs.isEmpty }
    #expect(events.own.proofs == [try wrongProof("bob", at: 20_000)])
    one.close()
    other.close()
    try await store.open(at: at(day + 10_000), events: events.late).close()
    let kept = proofs.filter { $0.time > at(10_000) } + [try wrongProof("bob", at: 20_000)]
    #expect(events.late.proofs == kept)
  }

  @Test("HOSTILE G 24: so many wrong proofs a second are shared, and no more")
  func flood() async throws {
    let store = try await Store()
    let directory = try await store.open()
    for number in UInt64(0)..<1000 {
      directory.share(try wrongProof("bob", at: 5000 + number))
    }
    directory.share(try wrongProof("carol", at: 6000))
    directory.close()
    #expect(try await store.sql("SELECT count(*) FROM trent.wrong_proofs") == "101")
  }

  @Test("Who has the store alone keeps others away, and waits for nobody")
  func alone() async throws {
    let store = try await Store()
    let alone = try await store.open(isAlone: true)
    for isAlone in [false, true] {
      await #expect(throws: DirectoryUnavailable.self) { try await store.open(isAlone: isAlone) }
    }
    #expect(try await alone.apply(.register(user("bob"))) == .done)
    alone.close()
    let (one, other) = (try await opened(store), try await store.open())
    await #expect(throws: DirectoryUnavailable.self) { try await store.open(isAlone: true) }
    one.close()
    // Also when it is only on its way to change something.
    try await store.sql(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'trent look-ups'
      """)
    await #expect(throws: DirectoryUnavailable.self) { try await store.open(isAlone: true) }
    other.close()
    try await opened(store, isAlone: true).close()
  }

  /// The server gives a lock back some time after a connection has ended.
  private func opened(_ store: Store, isAlone: Bool = false) async throws -> PostgreSQLDirectory {
    var directory: PostgreSQLDirectory?
    try await eventually("the lock") {
      directory = try? await store.open(isAlone: isAlone)
      return directory != nil
    }
    return try #require(directory)
  }

  @Test("What is over a day is forgotten")
  func tidied() async throws {
    let store = try await Store()
    let directory = try await store.open()
    let day: UInt64 = 86_400_000
    #expect(try await directory.apply(.announce(presence("old")), at: 1000) == .done)
    #expect(try await directory.apply(.announce(presence("new")), at: 3000) == .done)
    #expect(try await directory.apply(.takeDeposits(deposits("old", until: 1999))) == .done)
    #expect(try await directory.apply(.takeDeposits(deposits("new", until: 2001))) == .done)
    #expect(try await directory.add(invitation(1, until: 1999)) == .done)
    #expect(try await directory.add(invitation(2, until: 2001)) == .done)
    directory.share(try wrongProof("old", at: 1999))
    directory.share(try wrongProof("new", at: 2001))
    directory.maintain(at: at(2000 + day))
    directory.close()
    for table in ["presences", "deposits", "wrong_proofs"] {
      #expect(try await store.sql("SELECT name FROM trent.\(table)") == "new")
    }
    #expect(try await store.sql("SELECT count(*) FROM trent.invitations") == "1")
  }
}
#endif
