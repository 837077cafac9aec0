internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Writes `pwd.txt` anew: the lines that count, with every digest sealed, beside the old file until
/// it is complete.
struct UserFileTidier: ~Copyable {
  /// How the digest of a line written by hand is sealed for the file.
  typealias Seal = (PrincipalName, _ keyVersion: UInt32, borrowing SecretBytes) -> [UInt8]

  private let path: String
  private let header: FileHeader
  private let hasher: NameHasher
  private var file: AtomicFile
  /// Where the lines are in the new file.
  private var index = UserIndex()
  /// What has yet to be written, and how much has been.
  private var pending = ByteWriter()
  private var written: UInt64 = 0

  init(path: String, header: FileHeader, hasher: NameHasher) throws(DirectoryFailure) {
    self.path = path
    self.header = header
    self.hasher = hasher
    do throws(FileFailure) {
      file = try AtomicFile(replacing: path, mode: 0o600)
    } catch {
      throw .file(error)
    }
  }

  mutating func addHeader() throws(DirectoryFailure) {
    pending.line(header.text)
    try flush()
  }

  /// Adds all lines of the old file but those of users that `index` does not know: stale ones.
  mutating func add(
    _ stored: borrowing StoredUsers, keeping index: UserIndex, sealingWith seal: Seal
  ) throws(DirectoryFailure) {
    try stored.file.forEachBlock { (block) throws(DirectoryFailure) in
      var lines = block
      while let line = lines.next() { add(line, keeping: index, sealingWith: seal) }
      try flush()
    }
  }

  private mutating func add(
    _ line: LineBlock.Line, keeping index: UserIndex, sealingWith seal: Seal
  ) {
    switch UserBlockScan.kind(of: line.bytes, header: header) {
    case .header, .comment: break
    case .damaged:
      // Damaged lines are for people to look at; a torn one was never a line.
      if line.isTorn { pending.bytes([UInt8]("# torn: ".utf8).bytes) }
    case .user(let user):
      let hash = hasher.hash(user.name)
      guard index.offsets(of: hash).contains(line.offset) else { return }
      self.index.put(UserIndex.Entry(hash: hash, offset: position))
      if let text = Self.sealed(user, with: seal) { return pending.line(text) }
    }
    pending.bytes(line.bytes)
    pending.line("")
  }

  /// The line with its digest sealed; nil when it is.
  private static func sealed(_ user: UserLine, with seal: Seal) -> String? {
    guard var record = user.record else { return nil }
    switch user.plainDigest {
    case .none: return nil
    case .some(let digest):
      record.sealedDigest = seal(record.name, record.keyVersion, digest)
      return UserLine.text(record)
    }
  }

  /// Where the next line starts.
  private var position: UInt64 { written + UInt64(pending.count) }

  private mutating func flush() throws(DirectoryFailure) {
    written = position
    var text = ByteWriter()
    swap(&pending, &text)
    do throws(FileFailure) {
      try file.write(text.written)
    } catch {
      throw .file(error)
    }
  }

  /// Puts the new file in the place of the old one. Tells where its lines are.
  consuming func finish() throws(DirectoryFailure) -> UserIndex {
    let index = index
    do throws(FileFailure) {
      try file.commit()
    } catch {
      throw .file(error)
    }
    return index
  }
}

extension ByteWriter {
  /// Text and a newline.
  mutating func line(_ text: String) { bytes([UInt8]((text + "\n").utf8).bytes) }
}
