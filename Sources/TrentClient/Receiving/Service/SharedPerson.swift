internal import Glibc
internal import SecretMemory
internal import Synchronization

/// One person for several transfers at once: one line at a time, one question after the other. What
/// is to be said meanwhile waits for the answer, so that a question stays the last line.
final class SharedPerson: Person, @unchecked Sendable {
  private struct State {
    var isAsking = false
    /// What was said meanwhile.
    var held: [String] = []
    var droppedCount = 0
  }

  /// So many lines wait at most.
  private static let heldLimit = 1000

  /// Only used with the state locked, or with `question`.
  private let person: any Person
  private let stop: any Stop
  private let question = Mutex(())
  private let state = Mutex(State())

  init(_ person: any Person, until stop: any Stop) {
    self.person = person
    self.stop = stop
  }

  var isPresent: Bool { person.isPresent }

  func agrees(to question: String) throws(ClientFailure) -> Bool {
    try agrees(to: question, after: [])
  }

  func agrees(to question: String, after lines: [String]) throws(ClientFailure) -> Bool {
    try asking(after: lines) { (person) throws(ClientFailure) in try person.agrees(to: question) }
  }

  func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    try asking(after: []) { (person) throws(ClientFailure) in try person.passphrase(prompt) }
  }

  private func asking<Answer: ~Copyable & Sendable>(
    after lines: [String], _ body: (any Person) throws(ClientFailure) -> Answer
  ) throws(ClientFailure) -> Answer {
    try question.withLock { (_) throws(ClientFailure) in
      try stop.check()
      state.withLock { state in
        for line in lines { person.say(line) }
        state.isAsking = true
      }
      defer { state.withLock { endAsking(&$0) } }
      return try body(person)
    }
  }

  private func endAsking(_ state: inout State) {
    state.isAsking = false
    for line in state.held { person.say(line) }
    if state.droppedCount > 0 { person.say("and \(state.droppedCount) lines more") }
    state.held = []
    state.droppedCount = 0
  }

  /// Ends the waiting for an answer, as a signal to the program does. To be repeated until whoever
  /// asks has noticed: it may be about to begin.
  func interruptQuestion() {
    if state.withLock({ $0.isAsking }) { kill(getpid(), SIGTERM) }
  }

  func say(_ line: String) {
    state.withLock { state in
      if !state.isAsking {
        person.say(line)
      } else if state.held.count < Self.heldLimit {
        state.held.append(line)
      } else {
        state.droppedCount += 1
      }
    }
  }

  func explain(_ detail: @autoclosure () -> String) {
    // Whether it is wanted only the person knows: `say` would show it to everybody.
    state.withLock { _ in person.explain(detail()) }
  }
}
