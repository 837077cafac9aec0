internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Reads `pwd.txt` when the KDC starts, and writes it anew where that is due.
struct UserFileLoader {
  /// How the digest of a line written by hand is sealed for the file.
  typealias Seal = (PrincipalName, _ keyVersion: UInt32, borrowing SecretBytes) -> [UInt8]

  /// The last line of every name.
  private(set) var users: [PrincipalName: UserRecord] = [:]
  /// How many plain digests there were.
  private(set) var sealedCount = 0

  private let path: String
  private let header: FileHeader
  private let report: @Sendable (FileProblem) -> Void
  /// The number of the line that counts for a name.
  private var lineNumbers: [PrincipalName: Int] = [:]
  /// For each line whose record it is; nil for comments and damaged ones, which are kept.
  private var owners: [PrincipalName?] = []
  private var hasHeader = false
  /// The last line is not the beginning of a whole one.
  private var isTornLineDamaged = false

  init(path: String, header: FileHeader, report: @escaping @Sendable (FileProblem) -> Void) {
    self.path = path
    self.header = header
    self.report = report
  }

  /// Loads the file, or makes an empty one.
  ///
  /// It is written anew, beside the old one, when something is missing that must be there (the
  /// header, the last newline), when it has plain digests, and when more than half its records are
  /// stale. Comments and damaged lines stay where they are.
  mutating func load(sealingWith seal: Seal) throws(DirectoryFailure) {
    guard let file = try TextFile.read(path, limit: UserFile.byteLimit) else {
      return try replace(with: [UInt8]((header.text + "\n").utf8).bytes)
    }
    closeToOthers(file.permissions)
    for line in file.lines {
      owners.append(try owner(of: line, file.bytes(of: line), sealingWith: seal))
    }
    if !hasHeader, !file.lines.isEmpty { report(FileProblem(path: path, kind: .missingHeader)) }
    let isTorn = file.lines.last?.isTorn ?? false
    let recordCount = owners.count { $0 != nil }
    if !hasHeader || isTorn || sealedCount > 0 {
      try replace(with: tidied(file).written)
    } else if (recordCount - users.count) * 2 > recordCount {
      do throws(DirectoryFailure) {
        try replace(with: tidied(file).written)
      } catch {
        report(FileProblem(path: path, kind: .untidied(error)))
      }
    }
  }

  /// Takes in one line and tells whose it is: nobody's when it is to be kept as it is.
  private mutating func owner(
    of line: TextFile.Line, _ bytes: RawSpan, sealingWith seal: Seal
  ) throws(DirectoryFailure) -> PrincipalName? {
    switch header.judge(bytes) {
    case .ours: hasHeader = true
    case .otherRealm: throw .otherRealm(path: path)
    case .unknownFormat: throw .unknownFormat(path: path)
    case .other where bytes.isBlankOrComment: break
    case .other:
      do throws(LineFault) {
        let user = try UserLine.read(bytes)
        return take(user, at: line.number, sealingWith: seal)
      } catch {
        isTornLineDamaged = line.isTorn
        let kind: FileProblem.Kind =
          line.isTorn
          ? .tornLine(error) : .damagedLine(error, name: UserLine.apparentName(bytes))
        report(FileProblem(path: path, line: line.number, kind: kind))
      }
    }
    return nil
  }

  private mutating func take(
    _ user: borrowing UserLine, at number: Int, sealingWith seal: Seal
  ) -> PrincipalName {
    var record = user.record
    switch user.plainDigest {
    case .some(let digest):
      record.sealedDigest = seal(record.name, record.keyVersion, digest)
      sealedCount += 1
    case .none: break
    }
    users[record.name] = record
    lineNumbers[record.name] = number
    return record.name
  }

  /// The file without its stale lines.
  private func tidied(_ file: borrowing TextFile) -> ByteWriter {
    var text = ByteWriter(capacity: file.contents.count + 256)
    if !hasHeader { text.line(header.text) }
    for (line, owner) in zip(file.lines, owners) {
      if let owner {
        guard lineNumbers[owner] == line.number, let record = users[owner] else { continue }
        text.line(UserLine.text(record))
      } else {
        // Damaged lines are for people to look at; a torn one was never a line.
        if line.isTorn, isTornLineDamaged { text.bytes([UInt8]("# torn: ".utf8).bytes) }
        text.bytes(file.bytes(of: line))
        text.line("")
      }
    }
    return text
  }

  private func replace(with text: RawSpan) throws(DirectoryFailure) {
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: text)
    } catch {
      throw .file(error)
    }
  }

  private func closeToOthers(_ permissions: mode_t) {
    guard permissions & 0o077 != 0 else { return }
    let isClosed = unsafe chmod(path, 0o600) == 0
    let kind = FileProblem.Kind.openToOthers(
      permissions: UInt32(permissions), isClosed: isClosed)
    report(FileProblem(path: path, kind: kind))
  }
}

extension AtomicFile {
  /// Puts a file of its owner's alone in the place of whatever is at `path`.
  static func replace(_ path: String, with text: RawSpan) throws(FileFailure) {
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(text)
    try file.commit()
  }
}

extension ByteWriter {
  /// Text and a newline.
  mutating func line(_ text: String) { bytes([UInt8]((text + "\n").utf8).bytes) }
}
