internal import Glibc

/// A file being written beside its destination, which it replaces in one step when it is complete.
///
/// Until `commit` the destination is untouched, and whoever reads it sees the old content or none.
/// Where the filesystem can (O_TMPFILE) the new file has no name until the last moment of `commit`;
/// elsewhere it is called `.NAME.RANDOM.partial` and removed when the value goes away without
/// `commit`. `removePartialFiles` removes what `kill -9` can leave in that moment.
///
/// A destination that is a symbolic link stays one: what it points to is replaced. A destination
/// that is no file (`/dev/null`, a pipe, `/dev/stdout`) is never replaced but written to directly.
public struct AtomicFile: ~Copyable, Sendable {
  private let file: OpenFile
  /// Nil when the destination is written to directly.
  private let destination: Destination?
  /// The name of our own partial file in the destination's folder, for as long as there is one.
  private var partialName: String?

  /// Starts a file that shall replace `path`, or be created there.
  ///
  /// - Parameters:
  ///   - mode: Permission bits of the new file (`mode_t`), applied exactly.
  ///   - maskedByUmask: For what a user asks to be written: `mode` minus the umask applies, and an
  ///     existing file keeps its permissions instead.
  public init(
    replacing path: String, mode: UInt32, maskedByUmask: Bool = false
  ) throws(FileFailure) {
    try self.init(replacing: path, mode: mode, maskedByUmask: maskedByUmask, unnamed: true)
  }

  /// - Parameter unnamed: Whether to use O_TMPFILE where the filesystem can.
  init(
    replacing path: String, mode: UInt32, maskedByUmask: Bool, unnamed: Bool
  ) throws(FileFailure) {
    if let special = try Self.specialFile(path) {
      self.init(file: special, destination: nil, partialName: nil)
      return
    }
    let place = try Destination(path)
    let permissions = maskedByUmask ? place.existingPermissions : mode
    var partialName: String?
    let file = try place.createTemporary(mode: mode, unnamed: unnamed, partialName: &partialName)
    do throws(FileFailure) {
      if let permissions { try file.setPermissions(permissions) }
    } catch {
      if let partialName { place.remove(partialName) }
      throw error
    }
    self.init(file: file, destination: place, partialName: partialName)
  }

  private init(
    file: consuming OpenFile, destination: consuming Destination?, partialName: String?
  ) {
    self.file = file
    self.destination = destination
    self.partialName = partialName
  }

  deinit {
    guard let name = partialName else { return }
    switch destination {
    case .none: return
    case .some(let place): place.remove(name)
    }
  }

  /// Adds all of `bytes` at the end.
  public mutating func write(_ bytes: RawSpan) throws(FileFailure) { try file.write(bytes) }

  /// Puts the file in its place. When this returns, content and name are on the disk; when it
  /// throws before the renaming, the destination is as it was.
  public consuming func commit() throws(FileFailure) {
    try file.sync()
    switch destination {
    case .none: return
    case .some(let place):
      if partialName == nil { partialName = try place.link(file) }
      guard let name = partialName else { return }
      try place.replace(with: name)
      partialName = nil
      try place.folder.sync()
    }
  }

  /// Puts the file in its place if there is nothing yet, in one step: what is there stays.
  ///
  /// - Returns: whether this file is the one that is there. It is on the disk then.
  public consuming func commitIfAbsent() throws(FileFailure) -> Bool {
    try file.sync()
    switch destination {
    case .none: return false
    case .some(let place):
      guard try place.add(file, named: partialName) else { return false }
      if let name = partialName { place.remove(name) }
      partialName = nil
      try place.folder.sync()
      return true
    }
  }

  /// Whether a path leads to something that is written to directly: a pipe, a device, an open
  /// descriptor.
  public static func writesDirectly(to path: String) throws(FileFailure) -> Bool {
    if descriptorNumber(path) != nil { return true }
    guard let status = try stat.following(path) else { return false }
    return status.kind != S_IFREG && status.kind != S_IFDIR
  }

  /// The destination opened for writing when it exists and is neither a file nor a folder.
  private static func specialFile(_ path: String) throws(FileFailure) -> OpenFile? {
    if let number = descriptorNumber(path) {
      // Opening the name anew would fail for a socket and start a file over from its beginning.
      let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw FileFailure(.open, path) }
      return OpenFile(adopting: copy, path: path)
    }
    guard let status = try stat.following(path), status.kind != S_IFREG else { return nil }
    guard status.kind != S_IFDIR else {
      throw FileFailure(path: path, operation: .write, errno: EISDIR)
    }
    let file = try OpenFile(path, flags: O_WRONLY | O_NOCTTY)
    // Swapped between the two calls: not what we may write straight into.
    guard try file.status().kind == status.kind else {
      throw FileFailure(path: path, operation: .open, errno: EBUSY)
    }
    return file
  }

  /// The descriptor that a path is the customary name of.
  private static func descriptorNumber(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default:
      for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
        return Int32(path.dropFirst(folder.count))
      }
      return nil
    }
  }
}
