internal import Glibc

/// A file that only grows: records are added at its end, each one whole or not at all.
///
/// After a failed `sync` nobody knows what is on the disk (the kernel may drop the pages and have
/// forgotten the error), and after a failed repair nobody knows what the file ends with. From then
/// on every call throws that first failure; whoever opens the file again has to read it again.
public struct AppendFile: ~Copyable, Sendable {
  private let file: OpenFile
  private var failure: FileFailure?
  /// How many bytes of whole records the file has.
  public private(set) var length: UInt64

  /// Opens `path`, or creates it for its owner alone (0600) and makes its entry durable.
  public init(path: String) throws(FileFailure) {
    let opened = try Self.open(path)
    let status = try opened.status()
    guard status.kind == S_IFREG else {
      throw FileFailure(path: path, operation: .open, errno: EINVAL)
    }
    // Even if it was there: whoever created it may have died before this.
    try syncFolder(parentFolder(of: path))
    file = opened
    length = UInt64(clamping: status.st_size)
  }

  /// Opens a file in a folder, never through a link, or creates it for its owner alone (0600).
  /// Whether its entry is on the disk is the caller's business.
  public init(
    _ path: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) {
    let opened = try folder.openOwn(path, flags: O_APPEND)
    length = UInt64(clamping: try opened.status().st_size)
    file = opened
  }

  private static func open(_ path: String) throws(FileFailure) -> OpenFile {
    do throws(FileFailure) {
      return try OpenFile(path, flags: O_RDWR | O_APPEND | O_NOCTTY)
    } catch {
      guard error.errno == ENOENT else { throw error }
    }
    let file = try OpenFile(
      path, flags: O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode: 0o600, operation: .create)
    try file.setPermissions(0o600)
    return file
  }

  /// Whether records can be added where this value left off: others have neither cut the file nor
  /// put another one in its place. Records that they have added are passed over, unless they are
  /// not complete, that is, do not end with `terminator`.
  public mutating func isAsLeft(endingWith terminator: UInt8) throws(FileFailure) -> Bool {
    let status = try file.status()
    guard status.kind == S_IFREG else { return true }
    let size = UInt64(clamping: status.st_size)
    guard size >= length, status.st_nlink > 0 else { return false }
    guard size > length else { return true }
    var last: [UInt8] = [0]
    var span = last.mutableSpan
    var bytes = unsafe span.mutableBytes
    guard try file.read(at: size - 1, into: &bytes) == 1, last == [terminator] else { return false }
    length = size
    return true
  }

  /// Whether this is the file that is at its path now: it may have been moved away.
  public func isAtItsPath() throws(FileFailure) -> Bool {
    let own = try file.status()
    guard let found = try stat.following(file.path) else { return false }
    return own.st_dev == found.st_dev && own.st_ino == found.st_ino
  }

  /// Which file it is now, and in which state.
  public func version() throws(FileFailure) -> FileVersion { try file.version() }

  /// Adds one record. When not all of it can be written, the part that was is taken away again.
  public mutating func append(_ record: RawSpan) throws(FileFailure) {
    try checkUsable()
    do throws(FileFailure) {
      try file.write(record)
      length += UInt64(record.byteCount)
    } catch {
      try cut(to: length)
      throw error
    }
  }

  /// Waits until what was appended is on the disk.
  public mutating func sync() throws(FileFailure) {
    try checkUsable()
    guard fdatasync(file.descriptor) != 0 else { return }
    throw die(FileFailure(.save, file.path))
  }

  /// Takes away what follows the first `length` bytes, such as a record that a crash has torn. A
  /// length beyond the end is our own mistake.
  public mutating func truncate(to length: UInt64) throws(FileFailure) {
    precondition(length <= self.length)
    try checkUsable()
    try cut(to: length)
    self.length = length
  }

  private mutating func cut(to length: UInt64) throws(FileFailure) {
    while ftruncate(file.descriptor, off_t(clamping: length)) != 0 {
      guard errno == EINTR else { throw die(FileFailure(.shorten, file.path)) }
    }
  }

  private func checkUsable() throws(FileFailure) {
    if let failure { throw failure }
  }

  private mutating func die(_ reason: FileFailure) -> FileFailure {
    failure = reason
    return reason
  }
}
