internal import DurableFiles
public import KeyDistribution
internal import SecretMemory
internal import Synchronization
public import Wire

/// `pwd.txt.invitations`: who may register once. `InvitationLine` has the form of a line.
///
/// An invitation is spent, durably, before the user that it is spent on is written: whatever is
/// interrupted, it never serves two. It goes on serving the registration that it was spent on, so
/// that nobody who is interrupted in between is left without.
public final class InvitationFile: Sendable {
  /// How many there are at a time.
  public static let limit = 100_000
  private static let byteLimit = 64 << 20

  private let appender: LineAppender
  private let entries: Mutex<[[UInt8]: InvitationState]>

  /// Takes over what is in the file, or makes an empty one. What has expired is dropped.
  ///
  /// - Parameters:
  ///   - realm: the SHA-256 of the KDC's first identity key, 32 bytes. Another realm's is refused.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    path: String, realm: [UInt8], at now: Timestamp,
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    let header = FileHeader(content: "invitations", realm: realm)
    var entries: [[UInt8]: InvitationState] = [:]
    let lines = try LineFile.records(
      path, header: header, limit: Self.byteLimit, report: report,
      parse: { (line) throws(LineFault) in try InvitationLine(line) })
    for line in lines { Self.apply(line, to: &entries) }
    entries = entries.filter { $0.value.record.expires > now }
    var texts = [header.text]
    for entry in entries.values { texts += RecordLines.texts(of: entry) }
    let text = [UInt8](texts.map { $0 + "\n" }.joined().utf8)
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: text.bytes)
      appender = try LineAppender(
        path: path, isDurable: true, byteLimit: Self.byteLimit, report: report)
    } catch {
      throw .file(error)
    }
    self.entries = Mutex(entries)
  }

  private static func apply(_ line: InvitationLine, to entries: inout [[UInt8]: InvitationState]) {
    switch line {
    case .made(let record): entries[record.hash] = InvitationState(record, user: nil)
    case .spent(let hash, let user): entries[hash]?.user = user
    case .reopened(let hash): entries[hash]?.user = nil
    }
  }

  /// Those that are not spent and hold now, the next to expire first.
  public func open(at now: Timestamp) -> [InvitationRecord] {
    entries.withLock { entries in
      entries.values.filter { $0.user == nil && $0.record.expires > now }.map(\.record)
    }.sorted { $0.expires < $1.expires }
  }

  /// Every one that holds now, spent ones among them.
  public func all(at now: Timestamp) -> [InvitationState] {
    entries.withLock { entries in entries.values.filter { $0.record.expires > now } }
  }

  /// Adds one. `done` when it is on the disk, `conflict` when there are too many.
  public func add(
    _ record: InvitationRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    let hasRoom = entries.withLock { entries in
      if entries.count >= Self.limit { entries = entries.filter { $0.value.record.expires > now } }
      guard entries.count < Self.limit else { return false }
      entries[record.hash] = InvitationState(record, user: nil)
      return true
    }
    guard hasRoom else { return answer(.conflict) }
    append(.made(record), answer)
  }

  /// Spends one on a user who is about to be registered. `done` when that is on the disk, with
  /// whether it was open until then.
  func spend(
    _ hash: [UInt8], on user: UserRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome, _ wasOpen: Bool) -> Void
  ) {
    let key = UserKey(name: user.name, keyVersion: user.keyVersion)
    let wasOpen = entries.withLock { entries -> Bool? in
      guard let entry = entries[hash], entry.record.expires > now,
        entry.record.name == nil || entry.record.name == user.name,
        entry.user == nil || entry.user == key
      else { return nil }
      entries[hash]?.user = key
      return entry.user == nil
    }
    guard let wasOpen else { return answer(.notInvited, false) }
    // Also when it was spent on this user before: that line may still be on its way to the disk.
    append(.spent(hash: hash, key)) { answer($0, wasOpen) }
  }

  /// Takes that back: the user was not registered.
  func reopen(_ hash: [UInt8]) {
    entries.withLock { $0[hash]?.user = nil }
    append(.reopened(hash: hash)) { _ in }
  }

  /// Whether this one is for this name alone.
  func isReserved(_ hash: [UInt8], for name: PrincipalName) -> Bool {
    entries.withLock { $0[hash]?.record.name == name }
  }

  private func append(
    _ line: InvitationLine, _ answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    appender.append(line.text) { offset in answer(offset == nil ? .failed : .done) }
  }

  /// Waits for what is on its way to the disk. Later changes fail. Never called from an answer.
  public func close() { appender.close() }
}
