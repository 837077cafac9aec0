internal import ArgumentParser
internal import TrentClient

/// A command that works on the state folder alone.
protocol OfflineCommand: ParsableCommand {
  func run(in state: StateFolder, person: any Person) throws(ClientFailure)
}

extension OfflineCommand {
  func run() throws {
    let person = Terminal(explains: false)
    do throws(ClientFailure) {
      try run(in: try StateFolder.current(telling: person), person: person)
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
