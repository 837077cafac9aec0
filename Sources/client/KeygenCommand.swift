internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Registers a machine, with a key instead of a passphrase.
struct KeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Register a machine, or a service, with a key file instead of a passphrase.",
    usage: "client keygen -n NAME --key-file FILE -a KDC_HOST -p KDC_PORT",
    discussion: """
      The file holds a random key and the identity key, as they are: whoever can read it is NAME. \
      Nothing is asked. If it was interrupted, run it again: a key file of NAME that is there is \
      used, and no file is ever overwritten.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "The name of the machine or service.", transform: TransferCommand.principal)
  var name: PrincipalName

  @Option(help: ArgumentHelp("Where the key goes.", valueName: "file"), completion: .file())
  var keyFile: String

  @Option(
    help: ArgumentHelp(
      "The file with the invitation to register with; - is standard input.", valueName: "file"),
    completion: .file())
  var invite: String?

  @OptionGroup(title: "KDC")
  var center: CenterOptions

  @Flag(help: "Say on standard error what happens.")
  var verbose = false

  func validate() throws {
    guard !keyFile.isEmpty else { throw ValidationError("--key-file needs the name of a file.") }
    try InvitationSource.validate(invite, besides: nil)
  }

  func run() throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      let state = try StateFolder.current(telling: person)
      let generation = KeyGeneration(state: state, person: person)
      try generation.run(
        name, keyFile: keyFile, at: try center.kdcOptions(ClientSettings.current()),
        invitation: invite.map { InvitationSource(option: $0) })
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
