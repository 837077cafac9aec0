internal import DurableFiles

/// Why a file of the spool is not served.
enum DepositFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// It is not what was written there.
  case damaged(String)
  /// The disk does not let it be read, at least not now.
  case unreadable(FileFailure)

  var description: String {
    switch self {
    case .damaged(let reason): reason
    case .unreadable(let failure): "\(failure)"
    }
  }
}
