internal import Glibc
internal import SecretMemory

/// An open file with one owner, closed when the owner lets go. Every call blocks.
public struct OpenFile: ~Copyable, Sendable {
  let descriptor: Int32
  /// As it was given; for messages.
  public let path: String

  /// Takes over a descriptor that nobody else will close.
  init(adopting descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Opens `path`, in `folder` when it is relative and a folder is given.
  ///
  /// The descriptor is never inherited by another program.
  init(
    _ path: String, in folder: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0,
    operation: FileFailure.Operation = .open, shownAs shown: String? = nil
  ) throws(FileFailure) {
    var opened: Int32
    repeat {
      opened = unsafe openat(folder, path, flags | O_CLOEXEC, mode)
    } while opened < 0
      && errno == EINTR
    guard opened >= 0 else { throw FileFailure(operation, shown ?? path) }
    self.init(adopting: opened, path: shown ?? path)
  }

  /// Opens an existing file for reading; a folder is refused.
  public init(reading path: String) throws(FileFailure) {
    let file = try OpenFile(path, flags: O_RDONLY | O_NOCTTY)
    guard try file.status().kind != S_IFDIR else {
      throw FileFailure(path: path, operation: .read, errno: EISDIR)
    }
    self = file
  }

  /// Standard input, as it is: to open it by a name would fail for a socket.
  public static func standardInput() throws(FileFailure) -> OpenFile {
    try OpenFile(duplicating: STDIN_FILENO, shownAs: "standard input")
  }

  /// What a descriptor of somebody else's is open for; closing that one is theirs.
  ///
  /// - Parameter name: for messages.
  public init(duplicating descriptor: Int32, shownAs name: String) throws(FileFailure) {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw FileFailure(.open, name) }
    self.init(adopting: copy, path: name)
  }

  deinit { close(descriptor) }

  /// Fills `buffer`, and returns how many bytes that took: fewer than it holds only at the end.
  public func read(into buffer: inout MutableRawSpan) throws(FileFailure) -> Int {
    try unsafe fill(&buffer) { rest, _ in
      unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
    }
  }

  /// The same from `offset` on, wherever others read or write.
  public func read(
    at offset: UInt64, into buffer: inout MutableRawSpan
  ) throws(FileFailure) -> Int {
    try unsafe fill(&buffer) { rest, start in
      unsafe pread(
        descriptor, rest.baseAddress, rest.count, off_t(clamping: offset + UInt64(start)))
    }
  }

  /// The same as an array: fewer bytes than `count` at the end alone.
  public func bytes(at offset: UInt64, count: Int) throws(FileFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    let found = try read(at: offset, into: &span)
    return found == count ? bytes : [UInt8](bytes.prefix(found))
  }

  /// - Parameter readInto: makes one call of the system, for what is left of the buffer from there
  ///   on.
  private func fill(
    _ buffer: inout MutableRawSpan, by readInto: (UnsafeMutableRawBufferPointer, Int) -> Int
  ) throws(FileFailure) -> Int {
    var filled = 0
    while filled < buffer.byteCount {
      let start = filled
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe readInto(UnsafeMutableRawBufferPointer(rebasing: bytes[start...]), start)
      }
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw FileFailure(.read, path)
      }
    }
    return filled
  }

  /// The nine permission bits.
  public func permissions() throws(FileFailure) -> UInt32 { try status().permissions }

  /// Its length in bytes when it is a regular file; nil for pipes, terminals and other devices.
  public func size() throws(FileFailure) -> UInt64? {
    let status = try status()
    return status.kind == S_IFREG ? UInt64(clamping: status.st_size) : nil
  }

  /// Writes all of `bytes`, however many calls that takes.
  func write(_ bytes: RawSpan) throws(FileFailure) {
    var written = 0
    while written < bytes.byteCount {
      let rest = bytes.extracting(droppingFirst: written)
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw FileFailure(.write, path)
      }
    }
  }

  /// Waits until data and length are on the disk. What has no disk (a pipe, a terminal, some
  /// network folders) says EINVAL, and has nothing to wait for.
  func sync() throws(FileFailure) {
    guard fsync(descriptor) != 0, errno != EINVAL, errno != EROFS else { return }
    throw FileFailure(.save, path)
  }

  /// Cuts the file, and goes on writing at its new end.
  func truncate(to length: UInt64) throws(FileFailure) {
    while ftruncate(descriptor, off_t(clamping: length)) != 0 {
      guard errno == EINTR else { throw FileFailure(.shorten, path) }
    }
    guard lseek(descriptor, off_t(clamping: length), SEEK_SET) >= 0 else {
      throw FileFailure(.shorten, path)
    }
  }

  /// Sets the time of the last change.
  func setModified(_ time: timespec) throws(FileFailure) {
    guard unsafe futimens(descriptor, [time, time]) == 0 else { throw FileFailure(.save, path) }
  }

  func status() throws(FileFailure) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileFailure(.inspect, path) }
    return status
  }

  /// Sets exactly these permissions, whatever the umask.
  func setPermissions(_ mode: mode_t) throws(FileFailure) {
    guard fchmod(descriptor, mode) == 0 else { throw FileFailure(.create, path) }
  }
}

extension stat {
  /// `S_IFREG`, `S_IFDIR` and so on.
  var kind: mode_t { st_mode & S_IFMT }

  /// The nine bits of owner, group and others.
  var permissions: mode_t { st_mode & 0o777 }

  /// What `path` leads to, through symbolic links; nil when there is nothing.
  static func following(_ path: String) throws(FileFailure) -> stat? {
    var status = stat()
    if unsafe stat(path, &status) == 0 { return status }
    guard errno == ENOENT else { throw FileFailure(.inspect, path) }
    return nil
  }
}
