internal import DurableFiles
internal import Glibc
public import KeyDistribution
internal import Wire

/// What is in a user file, and what is wrong with it, found by reading it alone.
public struct UserFileReport {
  /// How many problems are told one by one.
  public static let limit = 1000

  public private(set) var userCount = 0
  public private(set) var lineCount = 0
  public private(set) var problemCount = 0
  /// The first of them.
  public private(set) var problems: [FileProblem] = []

  private let path: String
  private let keys: RealmKeys?
  private let checksSeals: Bool
  private let header: FileHeader
  /// By name, the number of its last line, and whether that is sound.
  private var users: [PrincipalName: (line: Int, record: UserRecord, isSound: Bool)] = [:]
  /// The records that count, in the order of their names.
  public private(set) var records: [UserRecord] = []

  /// - Parameters:
  ///   - keys: the realm's; nil: form alone.
  ///   - checksSeals: whether seals and certificates are looked at, too.
  public init(
    _ path: String, keys: RealmKeys?, checksSeals: Bool = true
  ) throws(DirectoryFailure) {
    self.path = path
    self.keys = keys
    self.checksSeals = checksSeals
    header = FileHeader(content: "users", realm: keys?.realm.id ?? [])
    guard let file = try LineFile.open(path, limit: UserFile.byteLimit) else {
      throw .file(FileFailure(path: path, operation: .open, errno: ENOENT))
    }
    if file.permissions & 0o077 != 0 {
      add(nil, .openToOthers(permissions: file.permissions, isClosed: false))
    }
    try file.forEachBlock { (block) throws(DirectoryFailure) in
      var lines = block
      while let line = lines.next() { try look(at: line) }
    }
    userCount = users.count
    records = users.values.map(\.record).sorted { $0.name < $1.name }
    for (name, last) in users.sorted(by: { $0.value.line < $1.value.line })
    where !last.isSound {
      add(last.line, .unsoundRecord(name))
    }
  }

  private mutating func look(at line: LineBlock.Line) throws(DirectoryFailure) {
    lineCount += 1
    switch UserBlockScan.kind(of: line.bytes, header: header) {
    case .header(.otherRealm) where keys != nil: throw .otherRealm(path: path)
    case .header(.unknownFormat): throw .unknownFormat(path: path)
    case .header, .comment: break
    case .damaged(let fault):
      hasDamagedLines = true
      add(
        lineCount,
        line.isTorn
          ? .tornLine(fault) : .damagedLine(fault, name: UserLine.apparentName(line.bytes)))
    case .user(let user):
      guard let record = user.record else { return }
      // A digest written by hand is sealed at the next start.
      let isSound = user.isPlain || !checksSeals || keys?.isSound(record) ?? true
      users[record.name] = (lineCount, record, isSound)
    }
  }

  /// Whether lines could not be read: users of theirs are not among the records, or as they were.
  public private(set) var hasDamagedLines = false

  private mutating func add(_ line: Int?, _ kind: FileProblem.Kind) {
    problemCount += 1
    if problems.count < Self.limit {
      problems.append(FileProblem(path: path, line: line, kind: kind))
    }
  }
}
