import Directory
import Foundation
import PostgreSQLStore

/// Every store that a KDC can have. All of them do the same.
enum StoreKind: CaseIterable {
  case files
  #if PostgreSQL
  case postgreSQL
  #endif

  /// Runs a test with a store of its own, with nothing in it.
  func with(_ test: (any RealmStore) async throws -> Void) async throws {
    switch self {
    case .files:
      let folder = FileManager.default.temporaryDirectory.appending(path: "trent-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let store = try FileDirectory(
        path: folder.appending(path: "pwd.txt").path, realm: realm, at: at(2000),
        sealingWith: { _, _, _ in [] }, report: { _ in })
      defer { store.close() }
      try await test(store)
    #if PostgreSQL
    case .postgreSQL:
      let store = try await Store().open(lifetime: .zero)
      defer { store.close() }
      try await test(store)
    #endif
    }
  }
}
