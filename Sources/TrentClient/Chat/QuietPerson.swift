internal import SecretMemory

/// In the place of a person who is busy writing: is asked nothing, and told details alone.
struct QuietPerson: Person {
  private let person: any Person

  init(_ person: any Person) { self.person = person }

  var isPresent: Bool { false }

  func agrees(to question: String) throws(ClientFailure) -> Bool { false }

  func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    throw ClientFailure(.authenticationRefused, "The login is over. Log in again.")
  }

  func say(_ line: String) { person.explain(line) }

  func explain(_ detail: @autoclosure () -> String) { person.explain(detail()) }
}
