internal import Wire

/// How long an operation on a socket waits for its other end.
enum Patience {
  /// The whole operation ends by then, however busy it is.
  case until(Deadline)
  /// It may take for ever as long as bytes move at least this often.
  case stall(Interval)

  /// The deadline of the next single wait.
  var nextWait: Deadline {
    switch self {
    case .until(let deadline): deadline
    case .stall(let interval): .after(interval)
    }
  }
}
