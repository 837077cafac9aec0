internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Ends logins that this device keeps.
struct LogoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout",
    abstract: "End logins: overwrite and remove what this device keeps of them.",
    usage: "client logout [-n NAME] [-a KDC_HOST -p KDC_PORT]",
    discussion: """
      Without options, all of them. Programs that run already go on until they need the KDC again \
      and their login has ended.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long], help: "Only the logins of this name.",
    transform: TransferCommand.principal)
  var name: PrincipalName?

  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp(
      "Only the logins at this KDC: one of its places, or all with commas between them.",
      valueName: "hosts"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .long],
    help: "The port of that KDC, where -a says none; a domain that is known by itself has none.")
  var port: UInt16?

  private var target: KDCTarget? { host.flatMap { try? KDCTarget($0, port: port) } }

  func validate() throws { try RealmOptions.validate(host, port) }

  func run() throws {
    let person = Terminal(explains: false)
    do throws(ClientFailure) {
      let logins = KeptLogins(state: try StateFolder.current(telling: person), person: person)
      try logins.logOut(name: name, from: target)
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
