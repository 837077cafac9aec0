import Foundation
import Synchronization

/// A real PostgreSQL of a test's own, which ends with the test process, whatever becomes of that.
///
/// It is reached by a Unix socket in its folder alone, and lets everybody in who can open that.
public final class PostgreSQLServer: Sendable {
  /// Its name at the server, who may do everything.
  public static let user = "trent"

  private let kept: KeptFolder
  private let count = Mutex(0)

  /// A folder with a server that has never run, to be copied: making one takes a second.
  private static let seed = Result {
    let kept = try KeptFolder { _ in ["/bin/true"] }
    try PostgreSQLPrograms.run(
      "initdb",
      [
        "-D", "data", "-U", user, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
        "--wal-segsize=1", "--no-instructions",
      ], in: kept.path)
    return kept
  }

  /// The one that all tests share which do it no harm.
  public static func shared() throws -> PostgreSQLServer { try sharedOne.get() }

  private static let sharedOne = Result { try PostgreSQLServer() }

  /// Starts one with no databases but its own, and waits until it serves.
  ///
  /// - Parameter settings: as in postgresql.conf.
  public convenience init(_ settings: [String] = []) throws {
    let seed = try Self.seed.get()
    try self.init(settings: settings) { folder in
      try PostgreSQLPrograms.run(["/bin/cp", "-a", "\(seed.path)/data", folder])
    }
  }

  /// Starts one that follows another and can take its place (hot standby).
  public convenience init(standbyOf primary: PostgreSQLServer) throws {
    try self.init(settings: []) { folder in
      try PostgreSQLPrograms.run(
        "pg_basebackup",
        [
          "-D", "data", "-R", "-h", primary.folder, "-U", Self.user, "--checkpoint=fast",
          "--no-sync",
        ], in: folder)
    }
  }

  private init(settings: [String], fill: (_ folder: String) throws -> Void) throws {
    let all =
      [
        "listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=200",
        "log_line_prefix=%d ", "autovacuum=off",
      ] + settings
    kept = try KeptFolder { folder in
      try PostgreSQLPrograms.words(
        "postgres",
        ["-D", "data", "-k", folder] + all.flatMap { ["-c", $0] })
    }
    try fill(kept.path)
    try start()
  }

  /// Where its socket, its log and its data are.
  public var folder: String { kept.path }

  /// What it has said so far.
  public var log: String { (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "" }

  /// The address of a database on it.
  public func url(of database: String) -> String {
    "postgresql://\(Self.user)@/\(database)?host=\(folder)&port=5432"
  }

  /// The address of a database on whichever of several servers takes changes.
  public static func url(of database: String, on servers: [PostgreSQLServer]) -> String {
    let folders = servers.map(\.folder).joined(separator: ",")
    return "postgresql://\(user)@/\(database)?host=\(folders)&port=5432"
  }

  /// Carries out statements, and returns what they say: a line a row, `|` between columns.
  @discardableResult
  public func sql(_ statements: String, in database: String = "postgres") throws -> String {
    let arguments = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements]
    let output = try PostgreSQLPrograms.run(
      "psql", arguments + ["-d", url(of: database)], in: folder)
    return output.trimmingCharacters(in: .newlines)
  }

  /// Makes a database, a copy of another one, and returns its name.
  public func makeDatabase(copying template: String = "template1") throws -> String {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let name = "test\(number)"
    try sql("CREATE DATABASE \(name) TEMPLATE \(template)")
    return name
  }

  // MARK: Its life

  /// Its first process and those that this one has started.
  private struct Processes: Equatable {
    let first: pid_t
    let others: [pid_t]
  }

  private func processes() throws -> Processes {
    guard let first = serving(), let others = Self.children(of: first) else {
      throw PostgreSQLProblem("the server does not run: \(log)")
    }
    return Processes(first: first, others: others)
  }

  private static func children(of process: pid_t) -> [pid_t]? {
    let path = "/proc/\(process)/task/\(process)/children"
    return (try? String(contentsOfFile: path, encoding: .utf8))?
      .split(separator: " ").compactMap { pid_t($0) }
  }

  /// Whether it has not ended. Nobody may have asked yet how it did.
  private static func runs(_ process: pid_t) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    return status.map { !$0.contains(") Z ") } ?? false
  }

  /// The first process, once it takes connections.
  private func serving() -> pid_t? {
    let path = "\(folder)/data/postmaster.pid"
    let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(
      separator: "\n", omittingEmptySubsequences: false)
    guard let lines, lines.count > 7, let process = pid_t(lines[0]), Self.runs(process) else {
      return nil
    }
    let state = lines[7].trimmingCharacters(in: .whitespaces)
    return ["ready", "standby"].contains(state) ? process : nil
  }

  /// Starts it again after `kill`, and waits until it serves.
  public func start() throws {
    kept.startServer()
    try wait("the server to serve") { serving() != nil }
  }

  /// Ends all of its processes at once, without a chance to do anything.
  public func kill() throws {
    let processes = try processes()
    signal(SIGKILL, to: processes)
    try wait("the server to be gone") {
      !([processes.first] + processes.others).contains(where: Self.runs)
    }
  }

  /// Stops it where it is: connections stay, and nothing is answered any more.
  public func pause() throws { signal(SIGSTOP, to: try processes()) }

  public func resume() throws { signal(SIGCONT, to: try processes()) }

  private func signal(_ number: Int32, to processes: Processes) {
    // The first one first, so that it starts no more of them meanwhile.
    for process in [processes.first] + processes.others { _ = Glibc.kill(process, number) }
  }

  /// Lets a standby take the place of the server that it has followed.
  public func promote() throws { try sql("SELECT pg_promote()") }

  /// Ends it, and removes all it had.
  public func end() { kept.end() }

  private func wait(_ what: String, _ condition: () -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while !condition() {
      guard ContinuousClock.now < deadline else {
        throw PostgreSQLProblem("waited in vain for \(what): \(log)")
      }
      usleep(2000)
    }
  }
}
