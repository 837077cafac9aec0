public import DurableFiles

/// Why a program of this project ends without having done what it was asked to: a sentence that
/// says what to do next, and the status to exit with.
public struct ClientFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the program exits with: the `status`, or above 128 for a signal.
  public let exitCode: Int32
  /// One or more whole sentences, safe to show: text from outside has gone through `SafeText`.
  public let description: String
  /// Whether the same may go well a while later: the network, or the other end, was not there.
  public let isPassing: Bool

  /// A failure in words.
  public init(_ status: ExitStatus, _ sentence: String, isPassing: Bool = false) {
    self.init(exitCode: status.rawValue, sentence, isPassing: isPassing)
  }

  private init(exitCode: Int32, _ sentence: String, isPassing: Bool = false) {
    self.exitCode = exitCode
    self.isPassing = isPassing
    description = sentence
  }

  /// What went wrong, for who decides by it; nil when a signal was the reason.
  public var status: ExitStatus? { ExitStatus(rawValue: exitCode) }

  /// The same where there is nothing to try again with.
  var lasting: ClientFailure { ClientFailure(exitCode: exitCode, description) }

  /// Whether a signal ended the program.
  var isInterruption: Bool { exitCode > 128 }

  /// A signal ended the program, which exits as a shell would tell it: 128 and the signal's number.
  public static func interrupted(by signal: Int32) -> ClientFailure {
    ClientFailure(exitCode: 128 + signal, "interrupted")
  }

  /// What the operating system refused to do with a file.
  public init(_ failure: FileFailure) {
    self.init(.fileFailure, failure.description)
  }
}

/// Runs `body` and tells what the operating system refused as a failure of the client.
func withFiles<Value: ~Copyable>(
  _ body: () throws(FileFailure) -> Value
) throws(ClientFailure) -> Value {
  do { return try body() } catch { throw ClientFailure(error) }
}
