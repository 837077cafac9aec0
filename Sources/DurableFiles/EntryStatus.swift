internal import Glibc

/// What an entry of a folder is, whose, and who else may use it.
public struct EntryStatus: Hashable, Sendable {
  /// What an entry is.
  public enum Kind: Hashable, Sendable {
    /// A regular file.
    case file
    /// A folder.
    case folder
    /// A symbolic link.
    case link
    /// A pipe, a socket or a device.
    case other
  }

  /// What it is.
  public let kind: Kind
  /// The nine bits of owner, group and others.
  public let permissions: UInt32
  /// The number of the user that it belongs to.
  public let owner: UInt32

  /// Whether it belongs to who runs this program.
  public var isOwn: Bool { owner == geteuid() }
  /// Whether group or others may do anything with it.
  public var isOpenToOthers: Bool { permissions & 0o077 != 0 }
  /// Whether group or others may change it.
  public var isWritableByOthers: Bool { permissions & 0o022 != 0 }

  /// Looks at `path` itself, not at what a link there leads to; nil when there is nothing.
  public static func of(_ path: String) throws(FileFailure) -> EntryStatus? {
    var status = stat()
    if unsafe lstat(path, &status) == 0 { return EntryStatus(status) }
    guard errno == ENOENT else { throw FileFailure(.inspect, path) }
    return nil
  }

  /// The same for what `path` leads to.
  public static func following(_ path: String) throws(FileFailure) -> EntryStatus? {
    try stat.following(path).map { EntryStatus($0) }
  }

  private init(_ status: stat) {
    switch status.kind {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .folder
    case S_IFLNK: kind = .link
    default: kind = .other
    }
    permissions = status.permissions
    owner = status.st_uid
  }
}
