public import DurableFiles

/// Why a directory in files cannot be opened. The environment's fault, or the operator's.
public enum DirectoryFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process has the same file open.
  case inUse(path: String)
  /// The file's records are sealed under another KDC's keys.
  case otherRealm(path: String)
  /// Written by a version that this one does not know.
  case unknownFormat(path: String)
  /// Not a regular file, or larger than `UserFile.byteLimit`.
  case unsuitable(path: String)
  case file(FileFailure)

  public var description: String {
    switch self {
    case .inUse(let path): "\(path) is in use by another KDC"
    case .otherRealm(let path):
      "\(path) belongs to another kdc.key: start the KDC with that one, or with another user file"
    case .unknownFormat(let path): "\(path) is in a format of another version of this program"
    case .unsuitable(let path): "\(path) is not a regular file of a reasonable size"
    case .file(let failure): failure.description
    }
  }
}
