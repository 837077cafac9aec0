internal import Glibc

/// What the operating system refused: which step on which path, and why.
///
/// Never anybody's protocol fault: the environment's, or that of whoever chose the path.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The step that failed. The raw value completes the sentence "cannot ... PATH".
  public enum Operation: String, Hashable, Sendable {
    /// To open it.
    case open
    /// To make it.
    case create
    /// To look at what it is.
    case inspect
    /// To read from it.
    case read
    /// To write to it.
    case write
    /// To bring it to the disk.
    case save
    /// To give it its name.
    case rename
    /// To lock it.
    case lock
    /// To cut it off.
    case shorten
    /// To remove it.
    case remove
  }

  /// As it was given.
  public let path: String
  /// What was tried.
  public let operation: Operation
  /// The error number of the system call, as in `errno(3)`.
  public let errno: Int32

  /// For an error number that is known already.
  public init(path: String, operation: Operation, errno: Int32) {
    self.path = path
    self.operation = operation
    self.errno = errno
  }

  /// The same for the system call that has just failed on this thread.
  init(_ operation: Operation, _ path: String) {
    self.init(path: path, operation: operation, errno: Glibc.errno)
  }

  /// Whether the disk or the user's share of it is full.
  public var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }

  /// Whether there is nothing of that name.
  public var isAbsence: Bool { errno == ENOENT }

  /// For example `cannot write /x/y: No space left on device`.
  ///
  /// A path may hold what would steer a terminal; those characters are shown by number.
  public var description: String {
    "cannot \(operation.rawValue) \(Self.visible(path)): \(Self.reason(errno))"
  }

  /// A path with the characters that would steer a terminal shown by number.
  static func visible(_ path: String) -> String {
    var text = ""
    for scalar in path.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func reason(_ code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
        return "error \(code)"
      }
      return unsafe String(cString: text)
    }
  }
}
