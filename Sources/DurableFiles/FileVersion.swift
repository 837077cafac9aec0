internal import Glibc

/// Which file this is, and in which state: another one after every change that goes through the
/// file system, be it of content, name or permissions. Not after one of the disk itself.
public struct FileVersion: Hashable, Sendable {
  /// How long the file is.
  public let byteCount: UInt64
  private let device: UInt64
  private let number: UInt64
  private let modified: [Int]
  private let changed: [Int]

  init(_ status: stat) {
    byteCount = UInt64(clamping: status.st_size)
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
    modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
  }

  /// Of what `path` leads to, through symbolic links; nil when there is nothing.
  public static func following(_ path: String) throws(FileFailure) -> FileVersion? {
    try stat.following(path).map { FileVersion($0) }
  }
}

extension OpenFile {
  /// Which file it is now, and in which state.
  public func version() throws(FileFailure) -> FileVersion { FileVersion(try status()) }
}
