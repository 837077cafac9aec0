internal import DurableFiles
internal import Glibc
internal import SecretMemory

/// Reads `pwd.txt` when the KDC starts, and has it written anew where that is due.
struct UserFileLoader {
  /// Where the last line of every name is.
  private(set) var index = UserIndex()
  /// How many plain digests there were.
  private(set) var sealedCount = 0

  private let path: String
  private let header: FileHeader
  private let hasher: NameHasher
  private let report: @Sendable (FileProblem) -> Void
  private var lineCount = 0
  /// How many lines have a record. All but the last of each name are stale.
  private var recordCount = 0
  private var hasHeader = false
  private var isTorn = false

  init(
    path: String, header: FileHeader, hasher: NameHasher,
    report: @escaping @Sendable (FileProblem) -> Void
  ) {
    self.path = path
    self.header = header
    self.hasher = hasher
    self.report = report
  }

  /// Loads the file, or makes an empty one, and leaves it open for reading.
  ///
  /// It is written anew, beside the old one, when something is missing that must be there (the
  /// header, the last newline), when it has plain digests, and when more than half its records are
  /// stale. Comments and damaged lines stay where they are.
  mutating func load(
    sealingWith seal: UserFileTidier.Seal
  ) throws(DirectoryFailure) -> StoredUsers {
    guard let file = try LineFile.open(path, limit: UserFile.byteLimit) else {
      index = try newFile().finish()
      return try reopened()
    }
    closeToOthers(file.permissions)
    let stored = StoredUsers(file)
    try scan(stored)
    if !hasHeader, lineCount > 0 { report(FileProblem(path: path, kind: .missingHeader)) }
    if !hasHeader || isTorn || sealedCount > 0 {
      try tidy(stored, sealingWith: seal)
      return try reopened()
    }
    guard (recordCount - index.count) * 2 > recordCount else { return stored }
    do throws(DirectoryFailure) {
      try tidy(stored, sealingWith: seal)
    } catch {
      report(FileProblem(path: path, kind: .untidied(error)))
      return stored
    }
    return try reopened()
  }

  private mutating func scan(_ stored: borrowing StoredUsers) throws(DirectoryFailure) {
    try stored.file.forEachBlock { (block) throws(DirectoryFailure) in
      for scan in UserBlockScan.all(of: block, header: header, hasher: hasher) {
        try take(scan, of: block, in: stored)
      }
    }
  }

  private mutating func take(
    _ scan: UserBlockScan, of block: LineBlock, in stored: borrowing StoredUsers
  ) throws(DirectoryFailure) {
    for finding in scan.findings {
      let line = lineCount + finding.line + 1
      report(FileProblem(path: path, line: line, kind: finding.kind))
    }
    switch scan.foreignHeader {
    case nil: break
    case .unknownFormat: throw .unknownFormat(path: path)
    default: throw .otherRealm(path: path)
    }
    for user in scan.users {
      let line = block.bytes.extracting(droppingFirst: Int(user.offset - block.offset))
      let earlier = index.offsets(of: user.hash).first { stored.isSameName(line, at: $0) }
      index.put(user, replacing: earlier)
    }
    lineCount += scan.lineCount
    recordCount += scan.users.count
    sealedCount += scan.plainCount
    hasHeader = hasHeader || scan.hasHeader
    isTorn = scan.isTorn
  }

  /// Writes the file anew without its stale lines.
  private mutating func tidy(
    _ stored: borrowing StoredUsers, sealingWith seal: UserFileTidier.Seal
  ) throws(DirectoryFailure) {
    var file = try newFile()
    try file.add(stored, keeping: index, sealingWith: seal)
    index = try file.finish()
  }

  /// The new file, with its header unless there is one in the old.
  private func newFile() throws(DirectoryFailure) -> UserFileTidier {
    var file = try UserFileTidier(path: path, header: header, hasher: hasher)
    if !hasHeader { try file.addHeader() }
    return file
  }

  /// What has just been written.
  private func reopened() throws(DirectoryFailure) -> StoredUsers {
    guard let file = try LineFile.open(path, limit: UserFile.byteLimit) else {
      throw .file(FileFailure(path: path, operation: .open, errno: ENOENT))
    }
    return StoredUsers(file)
  }

  private func closeToOthers(_ permissions: UInt32) {
    guard permissions & 0o077 != 0 else { return }
    let isClosed = unsafe chmod(path, 0o600) == 0
    let kind = FileProblem.Kind.openToOthers(permissions: permissions, isClosed: isClosed)
    report(FileProblem(path: path, kind: kind))
  }
}
