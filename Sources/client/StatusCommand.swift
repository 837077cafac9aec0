internal import ArgumentParser
internal import TrentClient

/// Tells which logins this device keeps.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tell who is logged in here, at which KDC, and until when.",
    usage: "client status",
    discussion: """
      One line a login. A login that has ended is shown as such for the last time. The exit status \
      is 1 when there is none that lasts.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  func run() throws {
    let person = Terminal(explains: false)
    do throws(ClientFailure) {
      let logins = KeptLogins(state: try StateFolder.current(telling: person), person: person)
      let all = try logins.status()
      for login in all { print(login) }
      guard all.contains(where: \.isGood) else {
        throw ClientFailure(
          .other, "Nobody is logged in. To log in: client login -n NAME -a KDC_HOST -p KDC_PORT")
      }
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
