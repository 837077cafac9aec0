internal import DurableFiles
public import KeyDistribution
internal import SecretMemory
internal import Synchronization
public import Wire

/// Who is present and where: in memory, and in a file beside `pwd.txt` so that a restart of the KDC
/// breaks nobody's receiving.
///
/// The file is a convenience: it is written without fsync and only when a record changes, and
/// nothing that happens to it stops the KDC. `PresenceLine` has the form of a line.
public final class PresenceTable: Sendable {
  /// How long a record lives after its last announcement.
  public static let lifetime = Interval.seconds(180)
  /// How many records there are at most, unless told otherwise.
  public static let defaultLimit = 1_000_000
  /// The largest file that is read, in bytes.
  static let byteLimit = 4 << 30

  private struct State {
    var register: PresenceRegister
    /// Lines in the file, most of them stale when there are many more than records.
    var lineCount = 0
    /// Told once for each time that it becomes full.
    var isFullReported = false
    /// The latest moment that anybody has told.
    var now: Timestamp
  }

  private let path: String
  private let header: FileHeader
  private let limit: Int
  private let report: @Sendable (FileProblem) -> Void
  private let state: Mutex<State>
  /// Nil when the file cannot be written.
  private let appender: LineAppender?

  /// Takes over what is in the file at `path`: records whose login has not ended count as
  /// announced at this moment.
  ///
  /// - Parameters:
  ///   - realm: the SHA-256 of the KDC's identity key, 32 bytes. Another realm's records are
  ///     dropped.
  ///   - now: KDC time.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    path: String, realm: [UInt8], at now: Timestamp, limit: Int = PresenceTable.defaultLimit,
    report: @escaping @Sendable (FileProblem) -> Void
  ) {
    precondition(realm.count == 32)
    self.path = path
    self.limit = limit
    self.report = report
    header = FileHeader(content: "presence", realm: realm)
    var register = PresenceRegister(lifetime: Self.lifetime, limit: limit)
    for line in Self.load(path, header: header, report: report) {
      _ = register.apply(line, at: now)
    }
    let records = register.living(at: now)
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: Self.text(records, header: header).bytes)
      appender = try LineAppender(
        path: path, isDurable: false, byteLimit: Self.byteLimit, report: report)
    } catch {
      report(FileProblem(path: path, kind: .file(error)))
      appender = nil
    }
    state = Mutex(State(register: register, lineCount: records.count, now: now))
  }

  /// The whole lines of the file. Nothing of a file that is another realm's.
  private static func load(
    _ path: String, header: FileHeader, report: (FileProblem) -> Void
  ) -> [PresenceLine] {
    do throws(DirectoryFailure) {
      return try LineFile.records(
        path, header: header, limit: byteLimit, report: report,
        parse: { (line) throws(LineFault) in try PresenceLine(line) })
    } catch {
      report(FileProblem(path: path, kind: .startedAnew(error)))
      return []
    }
  }

  private static func text(_ records: [PresenceRecord], header: FileHeader) -> [UInt8] {
    var text = [UInt8]((header.text + "\n").utf8)
    for record in records {
      text.append(contentsOf: (PresenceLine.announced(record).text + "\n").utf8)
    }
    return text
  }

  /// A record that is alive.
  public func record(of name: PrincipalName, at now: Timestamp) -> PresenceRecord? {
    state.withLock { $0.register.record(of: name, at: now) }
  }

  /// Every record that is alive.
  public func records(at now: Timestamp) -> [PresenceRecord] {
    state.withLock { $0.register.living(at: now) }
  }

  /// The first names of those who serve so, in their order.
  func names(_ query: ServiceQuery, at now: Timestamp) -> [PrincipalName] {
    state.withLock { $0.register.names(query, at: now) }
  }

  /// How many are alive.
  public func count(at now: Timestamp) -> Int {
    state.withLock { $0.register.countLiving(at: now) }
  }

  /// Enters a record, or refreshes it. A conflict when one of a later login is there, a failure
  /// when the table is full.
  public func announce(_ record: PresenceRecord, at now: Timestamp) -> ChangeOutcome {
    change(.announced(record), at: now)
  }

  /// Ends the presence of that login or an earlier one. A conflict when a later login is there.
  public func withdraw(
    _ name: PrincipalName, loginTime: Timestamp, at now: Timestamp
  ) -> ChangeOutcome {
    change(.withdrawn(name, loginTime: loginTime), at: now)
  }

  private func change(_ line: PresenceLine, at now: Timestamp) -> ChangeOutcome {
    let (effect, isNews) = state.withLock { state in
      let effect = state.register.apply(line, at: now)
      state.now = max(state.now, now)
      if effect == .changed { write(line, &state) }
      let isNews = effect == .full && !state.isFullReported
      state.isFullReported = effect == .full
      return (effect, isNews)
    }
    if isNews { report(FileProblem(path: path, kind: .full(limit: limit))) }
    switch effect {
    case .changed, .unchanged: return .done
    case .laterLoginThere: return .conflict
    case .full: return .failed
    }
  }

  /// Waits until the file has every change, and lets go of it. Later changes are in memory only.
  public func close() { appender?.close() }

  /// Hands a line over while the table is locked, so that lines are in the order of the changes.
  private func write(_ line: PresenceLine, _ state: inout State) {
    appender?.append(line.text)
    state.lineCount += 1
    guard state.lineCount > 2 * state.register.count + Self.staleLineAllowance else { return }
    state.lineCount = state.register.count
    appender?.replace { [self] in
      let records = self.state.withLock { $0.register.living(at: $0.now) }
      return Self.text(records, header: header)
    }
  }

  /// Below this many stale lines the file is not written anew while the KDC runs.
  private static let staleLineAllowance = 4096
}
