internal import Glibc

/// What there is under a name, links not followed.
public struct FileStatus: Hashable, Sendable {
  /// What an entry is.
  public enum Kind: Hashable, Sendable {
    /// The size in bytes.
    case file(UInt64)
    /// A folder.
    case folder
    /// A symbolic link, for who does not follow it.
    case link
    /// A pipe, a socket or a device.
    case special
  }

  /// What it is.
  public let kind: Kind
  /// The nine bits of owner, group and others.
  public let permissions: UInt32
  /// Milliseconds since 1970; earlier times are 0.
  public let modified: UInt64

  init(_ status: stat) {
    kind =
      switch status.kind {
      case S_IFREG: .file(UInt64(clamping: status.st_size))
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .special
      }
    permissions = UInt32(status.permissions)
    let seconds = UInt64(clamping: status.st_mtim.tv_sec)
    let fraction = status.st_mtim.tv_sec < 0 ? 0 : UInt64(clamping: status.st_mtim.tv_nsec)
    let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    modified = overflow ? .max : milliseconds + fraction / 1_000_000
  }

  /// What `path` leads to, through symbolic links.
  public static func following(_ path: String) throws(FileFailure) -> FileStatus {
    guard let status = try stat.following(path) else {
      throw FileFailure(path: path, operation: .open, errno: ENOENT)
    }
    return FileStatus(status)
  }
}

extension OpenFile {
  /// What this file is by now.
  public func currentStatus() throws(FileFailure) -> FileStatus { FileStatus(try status()) }

  /// Goes on reading at an offset.
  public func seek(to offset: UInt64) throws(FileFailure) {
    guard lseek(descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
      throw FileFailure(.read, path)
    }
  }
}

extension ConfinedFolder {
  /// What there is in the folder; nil when there is nothing of that name.
  public func inspect(_ path: ConfinedPath) throws(FileFailure) -> FileStatus? {
    try status(path).map(FileStatus.init)
  }

  /// What the folder itself is.
  public func currentStatus() throws(FileFailure) -> FileStatus { try file.currentStatus() }

  /// What a symbolic link in the folder says.
  public func linkTarget(_ path: ConfinedPath) throws(FileFailure) -> [UInt8] {
    try inParent(of: path) { (folder, name) throws(FileFailure) in
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let capacity = target.count
      let count = unsafe name.withCString { name in
        unsafe target.withUnsafeMutableBytes { buffer in
          guard let start = buffer.baseAddress else { return 0 }
          return unsafe readlinkat(
            folder, name, start.assumingMemoryBound(to: CChar.self), capacity)
        }
      }
      guard count >= 0 else { throw FileFailure(.inspect, shown(path)) }
      return [UInt8](target.prefix(count))
    }
  }

  /// Whether this user may read what has this name.
  public func mayRead(_ path: ConfinedPath) throws(FileFailure) -> Bool {
    try inParent(of: path) { (folder, name) throws(FileFailure) in
      unsafe name.withCString { unsafe faccessat(folder, $0, R_OK, AT_EACCESS) } == 0
    }
  }
}
