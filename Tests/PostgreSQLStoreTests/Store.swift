#if PostgreSQL
import Directory
import KeyDistribution
import PostgreSQLHarness
import PostgreSQLStore
import Synchronization
import Wire

/// A database with the tables of a store, for any number of directories.
struct Store {
  let server: PostgreSQLServer
  let database: String

  /// One with tables on the server that tests share.
  private static let template = Result {
    let server = try PostgreSQLServer.shared()
    let database = try server.makeDatabase()
    _ = try Schema.migrate(StoreAddress(server.url(of: database)))
    return (server, database)
  }

  /// A new one on the server that tests share.
  init() async throws {
    (server, database) = try await blocking {
      let (server, template) = try Self.template.get()
      return (server, try server.makeDatabase(copying: template))
    }
  }

  /// A new one on a server of its own.
  init(on server: PostgreSQLServer) throws {
    self.server = server
    database = try server.makeDatabase()
    _ = try Schema.migrate(StoreAddress(url))
  }

  var url: String { server.url(of: database) }

  @discardableResult
  func sql(_ statements: String) async throws -> String {
    try await blocking { [self] in try server.sql(statements, in: database) }
  }

  /// Makes changes that nobody has to be told of any more.
  func fill(_ changes: DirectoryChange...) async throws {
    let directory = try await open()
    for change in changes {
      guard await directory.apply(change) == .done else { throw TestProblem("\(change)") }
    }
    try await blocking { directory.close() }
  }

  /// A directory as a KDC has it.
  func open(
    _ url: String? = nil, realm: [UInt8] = realm, at now: Timestamp = at(2000),
    isAlone: Bool = false, lifetime: Duration = .seconds(60), events: Events = Events()
  ) async throws -> PostgreSQLDirectory {
    let address = try StoreAddress(url ?? self.url)
    return try await blocking {
      try PostgreSQLDirectory(
        address, of: claim(realm), at: now, isAlone: isAlone, lifetime: lifetime,
        take: events.add, report: events.add)
    }
  }
}

/// Of a KDC whose keys are known by a word.
func claim(_ realm: [UInt8], keys: String = "keys") -> RealmClaim {
  RealmClaim(
    realm: realm, witness: { RealmWitness(identity: realm, sealed: [UInt8](keys.utf8)) },
    judge: { witness in
      let found = String(decoding: witness.sealed, as: UTF8.self)
      // Newer keys begin with the older ones.
      return found == keys ? .present : keys.hasPrefix(found) ? .former : .unknown
    })
}

/// What a directory has told of itself.
final class Events: Sendable {
  private let told = Mutex<(reports: [String], proofs: [WrongProof])>(([], []))

  @Sendable func add(_ report: String) { told.withLock { $0.reports.append(report) } }
  @Sendable func add(_ proof: WrongProof) { told.withLock { $0.proofs.append(proof) } }

  var reports: [String] { told.withLock { $0.reports } }
  var proofs: [WrongProof] { told.withLock { $0.proofs } }
}
#endif
