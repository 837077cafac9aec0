public import DurableFiles

/// Why a spool is not opened.
public enum SpoolFailure: Error, Hashable, Sendable, CustomStringConvertible {
  case lock(FileLockFailure)
  case file(FileFailure)

  /// Whether another process has the spool.
  public var isHeld: Bool {
    if case .lock(.held) = self { true } else { false }
  }

  public var description: String {
    switch self {
    case .lock(let failure): failure.description
    case .file(let failure): failure.description
    }
  }
}
