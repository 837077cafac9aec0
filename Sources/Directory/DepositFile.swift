internal import DurableFiles
public import KeyDistribution
internal import SecretMemory
internal import Synchronization
public import Wire

/// `pwd.txt.deposits`: which login of each receiver opens deposits. `DepositLine` has the form of a
/// line.
///
/// A record is acknowledged when it is on the disk: a receiver who has been told that deposits are
/// taken may stay away for weeks.
public final class DepositFile: Sendable {
  /// The largest file that is read, in bytes.
  private static let byteLimit = 4 << 30
  /// Below this many stale lines the file is not written anew while the KDC runs.
  private static let staleLineAllowance = 4096

  private struct State {
    var records: [PrincipalName: DepositRecord] = [:]
    /// Lines in the file, most of them stale when there are many more than records.
    var lineCount = 0
    /// The latest moment that anybody has told.
    var now: Timestamp
  }

  private let header: FileHeader
  private let appender: LineAppender
  private let state: Mutex<State>

  /// Takes over what is in the file, or makes an empty one. What has expired is dropped.
  ///
  /// - Parameters:
  ///   - realm: the SHA-256 of the KDC's first identity key, 32 bytes. Another realm's is refused.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    path: String, realm: [UInt8], at now: Timestamp,
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    let header = FileHeader(content: "deposits", realm: realm)
    let lines = try LineFile.records(
      path, header: header, limit: Self.byteLimit, report: report,
      parse: { (line) throws(LineFault) in try DepositLine(line) })
    var state = State(now: now)
    for line in lines where line.record.until > now { _ = Self.enter(line.record, &state, at: now) }
    state.lineCount = state.records.count
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: Self.text(state.records.values, header: header).bytes)
      appender = try LineAppender(
        path: path, isDurable: true, byteLimit: Self.byteLimit, report: report)
    } catch {
      throw .file(error)
    }
    self.header = header
    self.state = Mutex(state)
  }

  private static func text(_ records: some Sequence<DepositRecord>, header: FileHeader) -> [UInt8] {
    var text = [UInt8]((header.text + "\n").utf8)
    for record in records { text += (DepositLine(record).text + "\n").utf8 }
    return text
  }

  /// False when a later login is there.
  private static func enter(
    _ record: DepositRecord, _ state: inout State, at now: Timestamp
  ) -> Bool {
    if let present = state.records[record.name], present.until > now,
      present.loginTime > record.loginTime
    {
      return false
    }
    state.records[record.name] = record
    return true
  }

  /// The record of a name, if its time is not over.
  public func record(of name: PrincipalName, at now: Timestamp) -> DepositRecord? {
    state.withLock { $0.records[name] }.flatMap { $0.until > now ? $0 : nil }
  }

  /// Every record whose time is not over.
  public func records(at now: Timestamp) -> [DepositRecord] {
    state.withLock { state in state.records.values.filter { $0.until > now } }
  }

  /// Enters a record. `done` when it is on the disk, `conflict` when one of a later login is there.
  public func enter(
    _ record: DepositRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    change(answer, at: now) { Self.enter(record, &$0, at: now) ? record : nil }
  }

  /// Puts a record in the place of just this one, which is a conflict where it is not there.
  public func replace(
    _ present: DepositRecord, with record: DepositRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    change(answer, at: now) { state in
      guard state.records[present.name] == present else { return nil }
      state.records[record.name] = record
      return record
    }
  }

  /// Lines are handed over while the records are locked, so that they are in the order of the
  /// changes.
  private func change(
    _ answer: @escaping @Sendable (ChangeOutcome) -> Void, at now: Timestamp,
    _ body: (inout State) -> DepositRecord?
  ) {
    let isMade = state.withLock { state in
      guard let record = body(&state) else { return false }
      state.now = max(state.now, now)
      // Also when nothing is new: the line of before may still be on its way to the disk.
      appender.append(DepositLine(record).text) { offset in
        answer(offset == nil ? .failed : .done)
      }
      state.lineCount += 1
      tidy(&state)
      return true
    }
    if !isMade { answer(.conflict) }
  }

  private func tidy(_ state: inout State) {
    guard state.lineCount > 2 * state.records.count + Self.staleLineAllowance else { return }
    let now = state.now
    state.records = state.records.filter { $0.value.until > now }
    state.lineCount = state.records.count
    appender.replace { [self] in
      let records = self.state.withLock { $0.records }
      return Self.text(records.values, header: header)
    }
  }

  /// Waits for what is on its way to the disk. Later changes fail. Never called from an answer.
  public func close() { appender.close() }
}
