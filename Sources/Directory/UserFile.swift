internal import DurableFiles
internal import Glibc
public import KeyDistribution
public import SecretMemory
internal import Synchronization
public import Wire

/// `pwd.txt`: the users of a realm, in memory and in a text file that grows while the KDC runs.
///
/// A change is one line at the end; the last line of a name counts. A change is acknowledged, and
/// to be seen, when its line is on the disk. `UserLine` has the form of a line.
public final class UserFile: Sendable {
  /// The largest file that is read, in bytes.
  public static let byteLimit = 4 << 30

  private struct Table {
    /// What is on the disk.
    var users: [PrincipalName: UserRecord]
    /// Whose next line is on its way there. Their names are reserved meanwhile.
    var changing: Set<PrincipalName> = []
  }

  /// How many digests written by hand were found plain and have been sealed.
  public let sealedCount: Int

  /// Where it really is: symbolic links are followed.
  public let path: String

  private let table: Mutex<Table>
  private let appender: LineAppender
  private let lock: Mutex<FileLock?>

  /// Opens the file, or makes an empty one (0600). One process at a time has it.
  ///
  /// - Parameters:
  ///   - realm: the SHA-256 of the KDC's identity key, 32 bytes. Another realm's file is refused.
  ///   - seal: makes the sealed digest (60 bytes) of a line written by hand with a plain one; the
  ///     file is then written anew without it.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    path: String, realm: [UInt8],
    sealingWith seal: (PrincipalName, _ keyVersion: UInt32, borrowing SecretBytes) -> [UInt8],
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    precondition(realm.count == 32)
    let path = Self.resolved(path)
    self.path = path
    lock = Mutex(try Self.locked(path))
    var loader = UserFileLoader(
      path: path, header: FileHeader(content: "users", realm: realm), report: report)
    try loader.load(sealingWith: seal)
    table = Mutex(Table(users: loader.users))
    sealedCount = loader.sealedCount
    do throws(FileFailure) {
      appender = try LineAppender(path: path, isDurable: true, report: report)
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
  private static func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// How many names there are, removed users among them.
  public var count: Int { table.withLock { $0.users.count } }

  /// What is durably known of a name.
  public func record(of name: PrincipalName) -> UserRecord? {
    table.withLock { $0.users[name] }
  }

  /// Adds a user whose name is free: without a record, or with a removed one of a lower key version
  /// number.
  public func register(
    _ record: UserRecord, answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    write(record, answer: answer) { present in
      guard let present else { return true }
      return present.state == .removed && present.keyVersion < record.keyVersion
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
    let isReserved = table.withLock { table in
      guard !table.changing.contains(name), isAllowed(table.users[name]) else { return false }
      table.changing.insert(name)
      return true
    }
    guard isReserved else { return answer(.conflict) }
    appender.append(UserLine.text(record)) { [self] isWritten in
      table.withLock { table in
        table.changing.remove(name)
        if isWritten { table.users[name] = record }
      }
      answer(isWritten ? .done : .failed)
    }
  }

  /// Waits for changes on their way to the disk and lets go of the file. Later ones fail. Never
  /// called from an answer.
  public func close() {
    appender.close()
    lock.withLock { $0 = nil }
  }
}
