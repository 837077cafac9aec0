public import DurableFiles

/// Why a spool is not opened.
public enum SpoolFailure: Error, Hashable, Sendable, CustomStringConvertible {
  case lock(FileLockFailure)
  case file(FileFailure)

  public var description: String {
    switch self {
    case .lock(let failure): failure.description
    case .file(let failure): failure.description
    }
  }
}
