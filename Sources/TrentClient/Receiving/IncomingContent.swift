internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory

/// Where the content of a transfer goes while it comes in, and how it gets its place when it is
/// whole.
struct IncomingContent: ~Copyable {
  /// One file, a pipe or a device, as its receiver has named it.
  private var file: AtomicFile?
  /// An encrypted copy of that.
  private var copy: SealedCopyWriter?
  /// Things below a folder, or one beside the file that it shall replace.
  private var staging: Staging?
  /// A text, and who shows it.
  private var text: [UInt8]?
  private var watcher: any TransferWatcher = SilentWatcher()
  /// How many bytes of content there are; nil when the sender does not know.
  private let totalSize: UInt64?
  private let tellsNames: Bool
  /// A program of the receiver's.
  private var program: ReceivingProgram?

  init(_ file: consuming AtomicFile, copy: consuming SealedCopyWriter? = nil) {
    self.file = consume file
    self.copy = copy
    staging = nil
    tellsNames = false
    totalSize = nil
  }

  /// - Parameter tellsNames: Whether it was the sender who gave the names.
  init(_ staging: consuming Staging, totalSize: UInt64?, tellsNames: Bool) {
    self.tellsNames = tellsNames
    file = nil
    copy = nil
    self.staging = consume staging
    self.totalSize = totalSize
  }

  init(_ program: consuming ReceivingProgram) {
    file = nil
    copy = nil
    staging = nil
    self.program = consume program
    tellsNames = false
    totalSize = nil
  }

  /// For a text.
  init(textFor watcher: any TransferWatcher) {
    self.watcher = watcher
    file = nil
    copy = nil
    staging = nil
    text = []
    tellsNames = false
    totalSize = nil
  }

  // MARK: Going on

  /// Whether what has come in is kept after an interruption, to be gone on with.
  var isResumable: Bool { totalSize != nil }

  /// How much is there of an earlier attempt.
  func resumePoint() throws(FileFailure) -> ResumePoint {
    let count = try presentByteCount()
    guard count > 0 else { return .beginning }
    switch staging {
    case .none: return .beginning
    case .some(let staging):
      var hasher = SHA256Hasher()
      let isThere = try staging.read(first: count) { hasher.update($0) }
      return isThere ? ResumePoint(offset: count, hash: hasher.finish()) : .beginning
    }
  }

  /// How many bytes are there of an earlier attempt.
  func presentByteCount() throws(FileFailure) -> UInt64 {
    guard let totalSize else { return 0 }
    return switch staging {
    case .none: 0
    case .some(let staging): min(try staging.presentByteCount(), totalSize)
    }
  }

  /// Forgets what follows the first `offset` bytes.
  mutating func begin(at offset: UInt64) throws(FileFailure) {
    try staging?.begin(at: offset)
  }

  // MARK: Coming in

  /// Adds what has been authenticated.
  ///
  /// - Throws: `FileFailure`, or what `ReceivingProgram` throws.
  mutating func write(_ content: RawSpan, isLast: Bool) throws {
    try file?.write(content)
    try copy?.write(content, isLast: isLast)
    try staging?.write(content)
    try program?.write(content)
    text?.append(contentsOf: [UInt8](content))
  }

  /// How it has ended well.
  struct End {
    /// The names that things have at the top of a folder.
    let names: [String]
    /// What became of the program that took it.
    let program: ProgramEnd?
  }

  /// Puts everything in its place. It is on the disk when this returns, or its program has ended.
  ///
  /// - Parameter onceThere: is called when all of it is there. What is then kept for good makes a
  ///   second try needless; until then one finds everything as it was.
  /// - Throws: `FileFailure`, `StagingFailure`, `ClientFailure` when a signal comes, or what
  ///   `onceThere` throws.
  consuming func finish(onceThere: () throws -> Void) throws -> End {
    try copy.take()?.commit()
    try file.take()?.commit()
    if let text { try watcher.received(text: text) }
    let names: [String]
    switch staging.take() {
    case .none:
      names = []
      try onceThere()
    case .some(let staging):
      names = try staging.place()
      try onceThere()
      try staging.discard()
    }
    return End(names: tellsNames ? names : [], program: try program.take()?.finish())
  }

  /// Lets go of it. What can be gone on with stays.
  consuming func abandon() {
    if !isResumable { try? staging.take()?.discard() }
    program?.abandon()
  }
}
