import Glibc
import SecretMemory
import Synchronization
import Testing

@testable import TrentClient

/// One person for several transfers.
@Suite struct SharedPersonTests {
  /// Does something before it answers.
  private final class SlowPerson: Person {
    var said: [String] = []
    let isPresent = true
    var meanwhile: () throws -> Void = {}

    func agrees(to question: String) -> Bool {
      said.append(question)
      do { try meanwhile() } catch { Issue.record(error) }
      return true
    }

    func passphrase(_ prompt: String) -> SecretBytes { SecretBytes(copying: [1].bytes) }
    func say(_ line: String) { said.append(line) }
    func explain(_ detail: @autoclosure () -> String) {}
  }

  @Test func linesWaitForTheAnswer() throws {
    let person = SlowPerson()
    let shared = SharedPerson(person, until: try ServiceStop())
    shared.say("before")
    person.meanwhile = {
      for number in 0..<1003 { shared.say("\(number)") }
      #expect(person.said == ["before", "list", "question"])
    }
    #expect(try shared.agrees(to: "question", after: ["list"]))
    #expect(person.said[3] == "0" && person.said[1002] == "999")
    #expect(person.said.dropFirst(1003) == ["and 3 lines more"])
    shared.say("after")
    #expect(person.said.last == "after")
  }

  @Test func nothingIsAskedOnceAllShallEnd() throws {
    let person = SlowPerson()
    let stop = try ServiceStop()
    let shared = SharedPerson(person, until: stop)
    stop.stop()
    let failure = #expect(throws: ClientFailure.self) { try shared.agrees(to: "question") }
    #expect(failure?.isInterruption == true)
    #expect(person.said.isEmpty)
  }
}
