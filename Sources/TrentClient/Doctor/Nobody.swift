internal import SecretMemory

/// In the place of a person, where nobody shall be asked and nothing shall be said.
struct Nobody: Person {
  var isPresent: Bool { false }

  func agrees(to question: String) -> Bool { false }

  func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    throw ClientFailure(.usage, "There is nobody to ask.")
  }

  func say(_ line: String) {}

  func explain(_ detail: @autoclosure () -> String) {}
}
