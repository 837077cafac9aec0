#if PostgreSQL
import Directory
import KeyDistribution
import PostgreSQLHarness
import PostgreSQLStore
import Testing

/// What waits goes together; what is wrong with one costs no other.
@Suite("Many requests to a store at once")
struct StoreBatchTests {
  /// How often the server has carried out a prepared statement for this store.
  private func executions(of statement: String, in store: Store) -> Int {
    let start = "\(store.database) LOG:  execute \(statement): "
    return store.server.log.split(separator: "\n").count { $0.hasPrefix(start) }
  }

  private func logAll(_ store: Store) async throws {
    try await store.sql("ALTER DATABASE \(store.database) SET log_statement = 'all'")
  }

  @Test("Look-ups that wait are few statements")
  func lookUps() async throws {
    let store = try await Store()
    try await logAll(store)
    let directory = try await store.open(lifetime: .zero)
    defer { directory.close() }
    #expect(try await directory.apply(.register(user("user7"))) == .done)
    let count = 2000
    let answers = Shared<[Records?]>([Records?](repeating: nil, count: count))
    // The server answers none while somebody has the table to himself.
    let left = Shared(count)
    for number in 0..<count {
      let query = RecordQuery(users: [try name("user\(number)")])
      directory.lookUp(query, at: at(2000)) { answer in
        answers.withLock { $0[number] = try? answer.get() }
        left.withLock { $0 -= 1 }
      }
    }
    try await eventually("all answers") { left.withLock { $0 } == 0 }
    let found = answers.withLock { $0 }
    let user7 = try user("user7")
    #expect(found[7] == Records(users: [user7.name: user7]))
    #expect(found.enumerated().allSatisfy { $0.offset == 7 || $0.element == Records() })
    #expect(executions(of: "principals", in: store) < count / 10)
  }

  @Test("Changes that wait are few transactions")
  func changes() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    let count = 1000
    let left = Shared(count)
    for number in 0..<count {
      directory.apply(.register(try user("user\(number)")), at: at(2000)) { outcome in
        left.withLock { $0 -= outcome == .done ? 1 : 1_000_000 }
      }
    }
    try await eventually("all answers") { left.withLock { $0 <= 0 } }
    #expect(left.withLock { $0 } == 0)
    let transactions = try await store.sql("SELECT count(DISTINCT xmin::text) FROM trent.users")
    #expect((Int(transactions) ?? count) < count / 10)
  }

  @Test("A change that the store refuses costs no other")
  func refused() async throws {
    let store = try await Store()
    let events = Events()
    let directory = try await store.open(events: events)
    defer { directory.close() }
    try await store.sql(
      """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'not this one'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON trent.users
        FOR EACH ROW WHEN (NEW.name = 'user77') EXECUTE FUNCTION refuse();
      """)
    let outcomes = try await withThrowingTaskGroup(of: (Int, ChangeOutcome).self) { group in
      for number in 0..<200 {
        let record = try user("user\(number)")
        group.addTask { (number, await directory.apply(.register(record))) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(outcomes.filter { $0.value != .done } == [77: .failed])
    #expect(try await store.sql("SELECT count(*) FROM trent.users") == "199")
    #expect(events.reports.count == 1)
    #expect(events.reports.first?.contains("not this one") == true)
    // It can be asked for again.
    try await store.sql("DROP TRIGGER refuse ON trent.users")
    #expect(try await directory.apply(.register(user("user77"))) == .done)
  }

  /// One is refused the first time, with all that went with it; what was asked for later of the
  /// same names does not overtake it.
  @Test("Changes of a name stay in their order when they are tried again")
  func order() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    try await store.sql(
      """
      CREATE SEQUENCE times;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('times') < 4 THEN RAISE 'not now'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON trent.presences
        FOR EACH ROW WHEN (NEW.name = 'eve') EXECUTE FUNCTION refuse();
      """)
    let left = Shared(0)
    let conflicts = Shared(0)
    for login in UInt64(1)...20 {
      for text in (0..<40).map({ "user\($0)" }) + ["eve"] {
        left.withLock { $0 += 1 }
        // One that comes after a later one is a conflict.
        directory.apply(.announce(try presence(text, login: login)), at: at(2000)) { outcome in
          if outcome == .conflict { conflicts.withLock { $0 += 1 } }
          left.withLock { $0 -= 1 }
        }
      }
    }
    try await eventually("all answers") { left.withLock { $0 } == 0 }
    #expect(conflicts.withLock { $0 } == 0)
    let last = try await store.sql(
      "SELECT count(*) FROM trent.presences WHERE login_time = 20 AND name <> 'eve'")
    #expect(last == "40")
  }

  /// As when each of two transactions has a row that the other needs next.
  @Test("A change that meets others in the store is tried again, so many times")
  func deadlock() async throws {
    let store = try await Store()
    let events = Events()
    let directory = try await store.open(events: events)
    defer { directory.close() }
    try await store.sql(
      """
      CREATE SEQUENCE times;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.name = 'eve' OR nextval('times') < 5 THEN
          RAISE 'deadlock' USING ERRCODE = 'deadlock_detected';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON trent.users FOR EACH ROW EXECUTE FUNCTION refuse();
      """)
    #expect(try await directory.apply(.register(user("bob"))) == .done)
    #expect(events.reports == [])
    #expect(try await directory.apply(.register(user("eve"))) == .failed)
    #expect(events.reports.count == 1)
  }

  @Test("Of two KDCs that are given one invitation each time, one registers its user")
  func invitations() async throws {
    let store = try await Store()
    let (one, other) = (try await store.open(), try await store.open())
    defer {
      one.close()
      other.close()
    }
    let count: UInt8 = 60
    for byte in 0..<count {
      #expect(try await one.add(invitation(byte, until: 9000)) == .done)
    }
    let outcomes = Shared<[ChangeOutcome]>([])
    for byte in 0..<count {
      // By name in one order at the one, in the other at the other.
      let pairs = [(one, "a\(byte)", byte), (other, "z\(byte)", count - 1 - byte)]
      for (directory, text, byte) in pairs {
        directory.apply(.registerInvited(try user(text), by: hash(byte)), at: at(2000)) { outcome in
          outcomes.withLock { $0.append(outcome) }
        }
      }
    }
    try await eventually("all answers") { outcomes.withLock { $0.count } == 2 * Int(count) }
    #expect(outcomes.withLock { all in all.count { $0 == .done } } == Int(count))
    #expect(outcomes.withLock { all in all.count { $0 == .notInvited } } == Int(count))
  }

  @Test("There are so many invitations at a time, and no more")
  func invitationLimit() async throws {
    let store = try await Store()
    let directory = try await store.open()
    defer { directory.close() }
    try await store.sql(
      """
      INSERT INTO trent.invitations (hash, expires)
        SELECT 'filling ' || n, 5000 FROM generate_series(1, \(InvitationFile.limit - 1)) n
      """)
    #expect(try await directory.add(invitation(1, until: 9000)) == .done)
    #expect(try await directory.add(invitation(2, until: 9000)) == .conflict)
    // Those that have expired take no room.
    #expect(try await directory.add(invitation(2, until: 9000), at: 5000) == .done)
  }

  @Test("HOSTILE D 17: a damaged line is told and refused, and costs no other")
  func damaged() async throws {
    let store = try await Store()
    let events = Events()
    let directory = try await store.open(events: events)
    defer { directory.close() }
    for text in ["alice", "bob", "carol"] {
      #expect(try await directory.apply(.register(user(text))) == .done)
    }
    let lines = try await store.sql("SELECT line FROM trent.users WHERE name = 'alice'")
    let before = try await store.sql("SELECT line FROM trent.users WHERE name = 'bob'")
    let query = RecordQuery(users: [try name("bob")], acceptsCopies: false)
    for damage in [
      "UPDATE trent.users SET line = replace(line, 'kvno=1', 'kvno=2') WHERE name = 'bob'",
      "UPDATE trent.users SET line = '' WHERE name = 'bob'",
      // A whole line, of somebody else.
      "UPDATE trent.users SET line = '\(lines)' WHERE name = 'bob'",
    ] {
      let reports = events.reports.count
      try await store.sql(damage)
      await #expect(throws: DirectoryUnavailable.self) { try await directory.found(query) }
      #expect(try await directory.user("carol") == (try user("carol")))
      #expect(events.reports.dropFirst(reports).first == "a record of bob is damaged")
      // It is not free, either.
      #expect(try await directory.apply(.register(user("bob", keyVersion: 9))) == .conflict)
      try await store.sql("UPDATE trent.users SET line = '\(before)' WHERE name = 'bob'")
    }
    #expect(try await directory.found(query).users.values == [try user("bob")])
    try await store.sql("UPDATE trent.users SET line = 'x' WHERE name = 'bob'")
    await #expect(throws: DirectoryUnavailable.self) {
      try await blocking { try directory.visitUsers { _ in } }
    }
  }

  @Test("HOSTILE D 17: a login with a damaged line is none, until the next one")
  func damagedLogin() async throws {
    let store = try await Store()
    let events = Events()
    let directory = try await store.open(lifetime: .zero, events: events)
    defer { directory.close() }
    #expect(try await directory.apply(.register(user("bob"))) == .done)
    #expect(try await directory.apply(.announce(presence("bob"))) == .done)
    #expect(try await directory.apply(.takeDeposits(deposits("bob"))) == .done)
    try await store.sql(
      """
      UPDATE trent.presences SET line = line || ' ';
      UPDATE trent.deposits SET line = replace(line, 'name=bob', 'name=bub');
      """)
    #expect(try await directory.presence("bob", at: 2000) == nil)
    #expect(try await directory.deposits("bob", at: 2000) == nil)
    #expect(try await directory.user("bob") == (try user("bob")))
    #expect(events.reports.first == "a record of bob is damaged")
    let next = try presence("bob", login: 1001)
    #expect(await directory.apply(.announce(next)) == .done)
    #expect(try await directory.presence("bob", at: 2000) == next)
  }
}
#endif
