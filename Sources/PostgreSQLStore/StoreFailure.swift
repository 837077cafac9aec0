#if PostgreSQL
internal import Directory

/// Why the store did not do something.
struct StoreFailure: Error, Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// It cannot be reached, or the connection to it was lost. Whether a change was made is not
    /// known.
    case away
    /// It has refused a statement, with this SQLSTATE. Nothing of its batch was done.
    case refused(state: String)
    /// It can be reached, but is not what this program needs: another realm, another schema.
    case unsuitable
    /// It was closed.
    case ended
  }

  let kind: Kind
  /// A sentence for the operator's log, on one line.
  let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    let lines = reason.split { $0.isNewline }
    self.reason = lines.map { $0.trimmed }.joined(separator: "; ")
  }

  /// What callers are told.
  var unavailable: DirectoryUnavailable { DirectoryUnavailable("the store: \(reason)") }
}

extension Substring {
  fileprivate var trimmed: Substring {
    let start = drop { $0.isWhitespace }
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return start[...end]
  }
}
#endif
