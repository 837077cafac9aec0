internal import Glibc
internal import SecretMemory

/// The hidden folder `.trent-ID.partial` in which something grows that is not complete: `source`
/// says what, and is locked by who works on it; `tree` holds the real files.
///
/// It stays when the process dies, and is found again by who receives the same from the same.
struct StagingFolder: ~Copyable {
  static let source = "source"
  static let tree = "tree"
  /// How long a staging waits to be continued, in seconds.
  static let patience = 7 * 24 * 3600

  let folder: ConfinedFolder
  let tree: ConfinedFolder
  /// Carries the lock.
  private let source: OpenFile
  private let name: ConfinedPath
  /// What the umask lets pass.
  let permittedMode: mode_t

  /// - Parameters:
  ///   - id: 16 hexadecimal digits.
  ///   - description: What is staged; a staging of another one is emptied.
  init(
    in destination: borrowing ConfinedFolder, id: String, description: [UInt8]
  ) throws(StagingFailure) {
    guard let name = ConfinedPath(".trent-\(id).partial"), Self.isName(name),
      let sourceName = ConfinedPath(Self.source), let treeName = ConfinedPath(Self.tree)
    else {
      throw .file(FileFailure(path: destination.path, operation: .create, errno: EINVAL))
    }
    // Whoever had it may be removing it just now.
    for _ in 0..<100 {
      let folder = try Self.open(name, in: destination)
      guard let source = try Self.lock(sourceName, in: folder) else { continue }
      let mode: mode_t
      do throws(FileFailure) {
        mode = try Self.begin(folder, source, description, tree: treeName)
      } catch {
        // A folder in which nothing can be staged is no use to anybody.
        if Self.isBare(folder, tree: treeName) {
          Self.remove(sourceName, in: folder, name, from: destination)
        }
        throw .file(error)
      }
      let tree = try StagingFailure.telling { () throws(FileFailure) in
        try folder.openFolder(treeName)
      }
      self.init(
        name: name, folder: folder, tree: tree, source: source, permittedMode: mode)
      return
    }
    throw .busy(path: destination.shown(name))
  }

  private init(
    name: ConfinedPath, folder: consuming ConfinedFolder, tree: consuming ConfinedFolder,
    source: consuming OpenFile, permittedMode: mode_t
  ) {
    self.name = name
    self.folder = folder
    self.tree = tree
    self.source = source
    self.permittedMode = permittedMode
  }

  /// - Returns: What the umask lets pass.
  private static func begin(
    _ folder: borrowing ConfinedFolder, _ source: borrowing OpenFile, _ description: [UInt8],
    tree: ConfinedPath
  ) throws(FileFailure) -> mode_t {
    if try contents(of: source, limit: description.count) != description {
      try folder.removeAll(tree)
      try source.truncate(to: 0)
      try source.write(description.bytes)
      try source.sync()
    }
    // The time of the last use counts for the clean-up.
    guard futimens(source.descriptor, nil) == 0 else { throw FileFailure(.save, source.path) }
    try folder.makeFolder(tree)
    return try folder.permittedMode()
  }

  /// Whether nothing has been staged in `folder`.
  private static func isBare(_ folder: borrowing ConfinedFolder, tree: ConfinedPath) -> Bool {
    do {
      guard try folder.status(tree) != nil else { return true }
      return try folder.openFolder(tree).names().isEmpty
    } catch {
      return false
    }
  }

  /// Removes a folder with everything that is in it; the lock goes last.
  private static func remove(
    _ source: ConfinedPath, in folder: borrowing ConfinedFolder, _ name: ConfinedPath,
    from destination: borrowing ConfinedFolder
  ) {
    for part in (try? folder.names()) ?? [] where part != source {
      try? folder.removeAll(part)
    }
    try? folder.removeAll(source)
    try? destination.unlink(name, flags: AT_REMOVEDIR)
  }

  private static func open(
    _ name: ConfinedPath, in destination: borrowing ConfinedFolder
  ) throws(StagingFailure) -> ConfinedFolder {
    try StagingFailure.telling { () throws(FileFailure) in
      try destination.makeFolder(name)
      let folder = try destination.openFolder(name)
      guard try folder.isOurs else {
        throw FileFailure(path: folder.path, operation: .create, errno: EEXIST)
      }
      return folder
    }
  }

  /// - Returns: nil when the file was removed before it could be locked.
  private static func lock(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(StagingFailure) -> OpenFile? {
    guard let file = try openSource(name, in: folder) else { return nil }
    while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK: throw .busy(path: folder.path)
      default: throw .file(FileFailure(.lock, file.path))
      }
    }
    let links = try StagingFailure.telling { () throws(FileFailure) in
      try file.status().st_nlink
    }
    guard links == 1 else { return nil }
    return consume file
  }

  private static func openSource(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(StagingFailure) -> OpenFile? {
    do throws(FileFailure) {
      return try folder.openOwn(name)
    } catch {
      if error.errno == ENOENT { return nil }
      throw .file(error)
    }
  }

  private static func contents(
    of file: borrowing OpenFile, limit: Int
  ) throws(FileFailure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit + 1)
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    let count = try file.read(into: &bytes)
    return [UInt8](buffer.prefix(count))
  }

  /// Empties the tree.
  borrowing func clear() throws(FileFailure) {
    for name in try tree.names() { try tree.removeAll(name) }
  }

  /// Removes the staging. What has been put in its place is no part of it any more.
  borrowing func remove(from destination: borrowing ConfinedFolder) throws(FileFailure) {
    if let tree = ConfinedPath(Self.tree) { try folder.removeAll(tree) }
    for name in try folder.names() where name.text != Self.source { try folder.removeAll(name) }
    // The lock goes last.
    for name in try folder.names() { try folder.removeAll(name) }
    try destination.unlink(name, flags: AT_REMOVEDIR)
  }

  // MARK: Clean-up

  /// Whether a name is one of ours: `.trent-`, 16 hexadecimal digits, `.partial`.
  static func isName(_ name: ConfinedPath) -> Bool {
    let text = name.text
    let digits = text.dropFirst(".trent-".count).dropLast(".partial".count)
    return text.hasPrefix(".trent-") && text.hasSuffix(".partial") && digits.utf8.count == 16
      && digits.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
  }

  /// Removes stagings that nobody has come back to for a week: only folders of our names that are
  /// this user's and nobody else's, and that nobody works on.
  ///
  /// - Parameter now: Seconds since 1970.
  static func removeForgotten(in destination: borrowing ConfinedFolder, now: Int) {
    guard let names = try? destination.names() else { return }
    for name in names where isName(name) {
      guard let folder = try? destination.openFolder(name), (try? folder.isOurs) == true,
        let sourceName = ConfinedPath(source),
        let status = try? folder.status(sourceName), status.st_mtim.tv_sec < now - patience,
        let file = try? lock(sourceName, in: folder)
      else { continue }
      remove(sourceName, in: folder, name, from: destination)
      file.isHeldUntilHere()
    }
  }
}

extension OpenFile {
  /// A use of the file, which keeps it and its lock alive up to this point.
  fileprivate borrowing func isHeldUntilHere() {}
}

extension ConfinedFolder {
  /// Whether the folder is this user's and nobody else may look into it.
  fileprivate var isOurs: Bool {
    get throws(FileFailure) {
      let status = try file.status()
      return status.st_uid == geteuid() && status.st_mode & 0o7777 == 0o700
    }
  }

  /// The permissions that the umask leaves to a new file, as the system says: asking the process
  /// for its umask would mean to change it.
  fileprivate func permittedMode() throws(FileFailure) -> mode_t {
    guard let name = ConfinedPath("mode") else { return 0 }
    try removeAll(name)
    let mode = try open(
      name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o777, operation: .create
    ).status().permissions
    try unlink(name)
    return mode
  }
}
