public import SecretMemory

/// In the place of a person, where nobody shall be asked and nothing shall be said: every question
/// is answered with no, and there is no passphrase to be had.
public struct Nobody: Person, Sendable {
  /// Nobody at all.
  public init() {}

  /// Never.
  public var isPresent: Bool { false }

  /// No.
  public func agrees(to question: String) -> Bool { false }

  /// Throws: whoever has nobody to ask names a file with the passphrase, or a key file.
  public func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    throw ClientFailure(.usage, "There is nobody to ask.")
  }

  /// Goes nowhere.
  public func say(_ line: String) {}

  /// Goes nowhere, and is not made.
  public func explain(_ detail: @autoclosure () -> String) {}
}
