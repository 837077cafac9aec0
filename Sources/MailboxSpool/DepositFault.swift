internal import DurableFiles

/// Why a file of the spool is not served.
enum DepositFault: Error, Hashable, Sendable {
  /// It is not what was written there.
  case damaged(String)
  /// The disk does not let it be read, at least not now.
  case unreadable(FileFailure)
}
