internal import DurableFiles
internal import Glibc
public import KeyDistribution
public import SecretMemory
internal import Synchronization
public import Wire

/// `pwd.txt`: the users of a realm, in a text file that grows while the KDC runs.
///
/// A change is one line at the end; the last line of a name counts. A change is acknowledged, and
/// to be seen, when its line is on the disk. `UserLine` has the form of a line. In memory is where
/// the lines are, and what was asked for lately: a realm may have millions of users.
public final class UserFile: Sendable {
  /// The largest file that is read, in bytes.
  public static let byteLimit = Int(UserIndex.offsetLimit)

  private struct Table {
    /// What is on the disk.
    var index: UserIndex
    var cache = RecordCache()
    /// Whose next line is on its way there. Their names are reserved meanwhile.
    var changing: Set<PrincipalName> = []
    /// Told once.
    var isLossReported = false

    /// What is known of a name without a look into the file.
    func cached(_ name: PrincipalName, hash: UInt32) -> (record: UserRecord, offset: UInt64)? {
      guard let found = cache.find(name, hash: hash),
        index.contains(UserIndex.Entry(hash: hash, offset: found.offset))
      else { return nil }
      return found
    }
  }

  /// What is durably known of a name.
  private struct Finding {
    var record: UserRecord?
    /// Where its line starts.
    var offset: UInt64?
    /// Every line that may be of this name. As long as these are the same, so is the record.
    let offsets: [UInt64]
  }

  /// How many digests written by hand were found plain and have been sealed.
  public let sealedCount: Int

  /// Where it really is: symbolic links are followed.
  public let path: String

  private let hasher: NameHasher
  private let stored: StoredUsers
  private let table: Mutex<Table>
  private let appender: LineAppender
  private let lock: Mutex<FileLock?>
  private let report: @Sendable (FileProblem) -> Void

  /// Opens the file, or makes an empty one (0600). One process at a time has it.
  ///
  /// - Parameters:
  ///   - realm: the SHA-256 of the KDC's identity key, 32 bytes. Another realm's file is refused.
  ///   - seal: makes the sealed digest (60 bytes) of a line written by hand with a plain one; the
  ///     file is then written anew without it.
  ///   - report: is told, on any thread, what an operator should know.
  public convenience init(
    path: String, realm: [UInt8],
    sealingWith seal: (PrincipalName, _ keyVersion: UInt32, borrowing SecretBytes) -> [UInt8],
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    try self.init(
      path: path, realm: realm, hasher: NameHasher(), sealingWith: seal, report: report)
  }

  init(
    path: String, realm: [UInt8], hasher: NameHasher, sealingWith seal: UserFileTidier.Seal,
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    precondition(realm.count == 32)
    let path = Self.resolved(path)
    self.path = path
    self.hasher = hasher
    self.report = report
    lock = Mutex(try Self.locked(path))
    var loader = UserFileLoader(
      path: path, header: FileHeader(content: "users", realm: realm), hasher: hasher,
      report: report)
    stored = try loader.load(sealingWith: seal)
    table = Mutex(Table(index: loader.index))
    sealedCount = loader.sealedCount
    do throws(FileFailure) {
      appender = try LineAppender(
        path: path, isDurable: true, byteLimit: Self.byteLimit, report: report)
    } catch {
      throw .file(error)
    }
  }

  private static func locked(_ path: String) throws(DirectoryFailure) -> FileLock {
    do throws(FileLockFailure) {
      return try FileLock(path: path + ".lock")
    } catch {
      switch error {
      case .held: throw .inUse(path: path)
      case .file(let failure): throw .file(failure)
      }
    }
  }

  /// The path without symbolic links, so that all names of a file lead to one lock.
  public static func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// How many names there are, removed users among them.
  public var count: Int { table.withLock { $0.index.count } }

  /// What is durably known of a name. Throws when that is not to be found any more, because
  /// somebody else has changed the file.
  public func record(of name: PrincipalName) throws(DirectoryUnavailable) -> UserRecord? {
    let hash = hasher.hash(name)
    if let found = table.withLock({ $0.cached(name, hash: hash) }) { return found.record }
    return try find(name, hash: hash).record
  }

  /// Puts a record in the place of exactly that one.
  public func replace(
    _ former: UserRecord, with record: UserRecord,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    write(record, answer: answer) { $0 == former }
  }

  /// Calls `body` with every record, in no order, one block of the file in memory at a time. What
  /// is changed meanwhile may be told as it was, or as it is.
  public func visit(_ body: (UserRecord) -> Void) throws(DirectoryFailure) {
    try stored.file.forEachBlock { (block) throws(DirectoryFailure) in
      var lines = block
      while let line = lines.next() {
        guard !line.isTorn, let user = try? UserLine(line.bytes), let record = user.record,
          table.withLock({ $0.index.offsets(of: hasher.hash(user.name)).contains(line.offset) })
        else { continue }
        body(record)
      }
    }
  }

  /// Whether a record with these callers fits into a line.
  public static func fits(callers: [PrincipalName]) -> Bool {
    callers.reduce(callers.count - 1) { $0 + $1.description.utf8.count } <= UserLine.callersLimit
  }

  private func find(
    _ name: PrincipalName, hash: UInt32
  ) throws(DirectoryUnavailable) -> Finding {
    var finding = table.withLock { table in
      let found = table.cached(name, hash: hash)
      return Finding(
        record: found?.record, offset: found?.offset, offsets: table.index.offsets(of: hash))
    }
    guard finding.record == nil else { return finding }
    var isDamaged = false
    // Not while the table is locked: a disk may be slow.
    for offset in finding.offsets {
      switch stored.record(of: name, at: offset) {
      case .otherName: continue
      case .damaged: isDamaged = true
      case .record(let record):
        (finding.record, finding.offset) = (record, offset)
        table.withLock { $0.cache.insert(record, hash: hash, at: offset) }
        return finding
      }
    }
    // It may be that line: then the name is neither free nor known.
    if isDamaged { throw lost(name) }
    return finding
  }

  private func lost(_ name: PrincipalName) -> DirectoryUnavailable {
    let isNews = table.withLock { table in
      defer { table.isLossReported = true }
      return !table.isLossReported
    }
    let problem = FileProblem(path: path, kind: .lostLine(name))
    if isNews { report(problem) }
    return DirectoryUnavailable(problem.description)
  }

  /// Adds a user whose name is free: without a record, or with a removed one of a lower key version
  /// number.
  ///
  /// - Parameter mayTakeReset: whether a user who was reset counts like a removed one.
  public func register(
    _ record: UserRecord, mayTakeReset: Bool = false,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    write(record, answer: answer) { present in
      guard let present else { return true }
      let isFree = present.state == .removed || present.state == .reset && mayTakeReset
      return isFree && present.keyVersion < record.keyVersion
    }
  }

  /// Puts a record in the place of the one that has the key version number `keyVersion`.
  public func update(
    _ record: UserRecord, replacing keyVersion: UInt32,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    write(record, answer: answer) { present in
      present?.keyVersion == keyVersion && record.keyVersion >= keyVersion
    }
  }

  private func write(
    _ record: UserRecord, answer: @escaping @Sendable (ChangeOutcome) -> Void,
    ifAllowedAfter isAllowed: (UserRecord?) -> Bool
  ) {
    let name = record.name
    let hash = hasher.hash(name)
    var earlier: UInt64?
    var isReserved: Bool?
    while isReserved == nil {
      guard let present = try? find(name, hash: hash) else { return answer(.failed) }
      earlier = present.offset
      isReserved = table.withLock { table in
        guard !table.changing.contains(name) else { return false }
        // Found while the table was not locked: something may have come in between.
        guard table.index.offsets(of: hash) == present.offsets else { return nil }
        guard isAllowed(present.record) else { return false }
        table.changing.insert(name)
        return true
      }
    }
    guard isReserved == true else { return answer(.conflict) }
    appender.append(UserLine.text(record)) { [self, earlier] offset in
      table.withLock { table in
        table.changing.remove(name)
        guard let offset else { return }
        table.index.put(UserIndex.Entry(hash: hash, offset: offset), replacing: earlier)
        table.cache.insert(record, hash: hash, at: offset)
      }
      answer(offset == nil ? .failed : .done)
    }
  }

  /// Waits for changes on their way to the disk and lets go of the file. Later ones fail. Never
  /// called from an answer.
  public func close() {
    appender.close()
    lock.withLock { $0 = nil }
  }
}
