internal import Glibc

/// Something that a staging shall bring about.
public struct StagedItem: Hashable, Sendable {
  /// What an entry is.
  public enum Kind: Hashable, Sendable {
    /// The size in bytes; nil when it is not known: such a file is never gone on with.
    case file(UInt64?)
    /// A folder.
    case folder
    /// Where it points to.
    case link(String)
  }

  /// Where it goes, below the folder of the staging.
  public let path: ConfinedPath
  /// What it is.
  public let kind: Kind
  /// Permission bits to end with, from which the umask is subtracted.
  public let mode: UInt32
  /// Milliseconds since 1970.
  public let modified: UInt64

  /// Set-uid, set-gid and sticky bits of `mode` are dropped.
  public init(path: ConfinedPath, kind: Kind, mode: UInt32, modified: UInt64) {
    self.path = path
    self.kind = kind
    self.mode = mode & 0o777
    self.modified = modified
  }

  var isTopLevel: Bool { path.parent == nil }

  var modificationTime: timespec {
    timespec(tv_sec: Int(modified / 1000), tv_nsec: Int(modified % 1000) * 1_000_000)
  }

  /// The most bytes that a file may have; nil for everything else.
  var room: UInt64? {
    if case .file(let size) = kind { size ?? .max } else { nil }
  }
}
