import KeyDistribution

/// The folder of a KDC that dies again and again, and what its clients know.
struct CrashScene {
  let folder: Folder
  var ledger = Ledger()
  private var random: SeededRandom
  private var realm: Realm?

  init(seed: UInt64) throws {
    folder = try Folder()
    random = SeededRandom(seed: ~seed)
  }

  /// Waits until a KDC serves; nil if it ends before. Throws if it has become somebody else.
  mutating func service(of kdc: TracedProgram) async throws -> Service? {
    guard let service = try await kdc.service() else { return nil }
    guard realm == nil || realm == service.realm else {
      throw CrashProblem("the KDC has another identity than before")
    }
    realm = service.realm
    return service
  }

  /// Starts a KDC without a fault, asks it and its files about everybody, and kills it.
  ///
  /// - Parameter results: what became of the clients of the life before.
  mutating func restart(after results: [Load.Result]) async throws {
    let survivor = try TracedProgram.kdc(in: folder)
    guard let service = try await service(of: survivor) else {
      throw CrashProblem("it does not start again: \(survivor.errors.text)")
    }
    var problems = UserFileText(in: folder)?.problems ?? ["there is no user file"]
    for result in results.isEmpty ? [Load.Result()] : results {
      problems += await ledger.check(result, at: service, random: &random)
    }
    survivor.kill()
    _ = try await survivor.end()
    try checkWhatItSaid(survivor)
    guard problems.isEmpty else { throw CrashProblem(problems.joined(separator: "\n")) }
  }

  /// No line of the user file may be damaged, except that the last may never have been completed.
  func checkWhatItSaid(_ kdc: TracedProgram) throws {
    let complaints = kdc.errors.lines.filter {
      $0.contains("ignored") && !$0.contains("never completed")
    }
    guard complaints.isEmpty else { throw CrashProblem(complaints.joined(separator: "\n")) }
  }

  /// A failure and where to look for its cause.
  func report(_ error: any Error) -> String { "files kept in \(folder.path)\n\(error)" }
}
