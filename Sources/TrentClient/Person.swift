public import SecretMemory

/// Whoever sits in front of the program: the programs pass a terminal, tests a script.
public protocol Person {
  /// Whether there is somebody to answer questions.
  var isPresent: Bool { get }

  /// Asks a question that is answered with yes or no; anything but yes is no.
  func agrees(to question: String) throws(ClientFailure) -> Bool

  /// The same after some lines that the question is about.
  func agrees(to question: String, after lines: [String]) throws(ClientFailure) -> Bool

  /// Asks for a passphrase, which nobody sees.
  func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes

  /// Says one line that matters.
  func say(_ line: String)

  /// Says one line of detail, for those who have asked for details.
  func explain(_ detail: @autoclosure () -> String)
}

extension Person {
  public func agrees(to question: String, after lines: [String]) throws(ClientFailure) -> Bool {
    for line in lines { say(line) }
    return try agrees(to: question)
  }
}
