public import DurableFiles

/// Why a program of this project ends without having done what it was asked to: a sentence that
/// says what to do next, and the status to exit with.
public struct ClientFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public let exitCode: Int32
  /// One or more whole sentences, safe to show: text from outside has gone through `SafeText`.
  public let description: String

  public init(_ status: ExitStatus, _ sentence: String) {
    exitCode = status.rawValue
    description = sentence
  }

  private init(exitCode: Int32, _ sentence: String) {
    self.exitCode = exitCode
    description = sentence
  }

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
