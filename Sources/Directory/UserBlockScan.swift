internal import Dispatch
internal import Glibc
internal import SecretMemory
internal import Synchronization
internal import Wire

/// What there is to know of some lines of the user file before anybody is asked for. Looks at the
/// lines alone, so that several blocks can be looked at at once.
struct UserBlockScan: Sendable {
  struct Finding {
    /// Counted from 0, within the block.
    let line: Int
    let kind: FileProblem.Kind
  }

  /// What a line is to whoever writes the file anew.
  enum LineKind: ~Escapable {
    case header(FileHeader.Verdict)
    /// A comment, or nothing.
    case comment
    case user(UserLine)
    case damaged(LineFault)
  }

  /// A line for each record, in their order, stale ones among them.
  private(set) var users: [UserIndex.Entry] = []
  private(set) var findings: [Finding] = []
  private(set) var lineCount = 0
  private(set) var plainCount = 0
  private(set) var hasHeader = false
  /// A header that is not this realm's. Nothing after it is looked at.
  private(set) var foreignHeader: FileHeader.Verdict?
  /// Whether the last line has no newline.
  private(set) var isTorn = false

  /// What there is to know of a block, part by part: several processors share the work.
  static func all(
    of block: LineBlock, header: FileHeader, hasher: NameHasher
  ) -> [UserBlockScan] {
    let parts = block.split(into: partCount)
    let scans = Mutex([UserBlockScan?](repeating: nil, count: parts.count))
    DispatchQueue.concurrentPerform(iterations: parts.count) { number in
      let part = block.part(parts[number])
      let scan = UserBlockScan(part, header: header, hasher: hasher)
      scans.withLock { $0[number] = scan }
    }
    return scans.withLock { $0.compactMap(\.self) }
  }

  private static let partCount = max(1, min(8, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

  init(_ block: LineBlock, header: FileHeader, hasher: NameHasher) {
    var lines = block
    users.reserveCapacity(block.bytes.byteCount / 256)
    while let line = lines.next() {
      isTorn = line.isTorn
      switch Self.kind(of: line.bytes, header: header) {
      case .header(.ours): hasHeader = true
      case .header(let verdict):
        foreignHeader = verdict
        return
      case .comment: break
      case .user(let user):
        users.append(UserIndex.Entry(hash: hasher.hash(user.name), offset: line.offset))
        plainCount += user.isPlain ? 1 : 0
      case .damaged(let fault):
        let kind: FileProblem.Kind =
          line.isTorn
          ? .tornLine(fault) : .damagedLine(fault, name: UserLine.apparentName(line.bytes))
        findings.append(Finding(line: lineCount, kind: kind))
      }
      lineCount += 1
    }
  }

  @_lifetime(copy line)
  static func kind(of line: RawSpan, header: FileHeader) -> LineKind {
    if line.isBlankOrComment {
      let verdict = header.judge(line)
      return verdict == .other ? .comment : .header(verdict)
    }
    do throws(LineFault) {
      return .user(try UserLine(line))
    } catch {
      return .damaged(error)
    }
  }
}
