public import DurableFiles

/// Why `kdc.key` cannot be used. The environment's fault, or the operator's.
public enum KeyFileFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Others than its owner may read or write it, and may have done so.
  case openToOthers(path: String, permissions: UInt32)
  case notAKeyFile(path: String)
  /// Its length or checksum is wrong.
  case damaged(path: String)
  case file(FileFailure)

  public var description: String {
    switch self {
    case .openToOthers(let path, let permissions):
      """
      \(path) is open to others (mode \(String(permissions, radix: 8))): if nobody can have read \
      it, run chmod 600 \(path)
      """
    case .notAKeyFile(let path): "\(path) is not a KDC's key file"
    case .damaged(let path): "\(path) is damaged: restore it from a backup"
    case .file(let failure): failure.description
    }
  }
}
