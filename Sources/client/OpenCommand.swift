internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Opens an encrypted copy that a receiver kept.
struct OpenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open",
    abstract: "Open an encrypted copy (-s) with the passphrase or key file of its day, off line.",
    usage: "client open -n NAME -i OUTENC -o OUTFILE [--passphrase-file FILE | --key-file FILE]",
    discussion: """
      Everything is verified. A copy that was cut or edited, or that is somebody else's, leaves \
      the output untouched.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "The name of the user who received it.", transform: TransferCommand.principal)
  var name: PrincipalName?

  @Option(
    name: [.customShort("i", allowingJoined: true), .long],
    help: ArgumentHelp("The encrypted copy.", valueName: "file"), completion: .file())
  var input: String

  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Where the plain file goes: complete or not at all. - is standard output.",
      valueName: "file"), completion: .file())
  var output: String

  @OptionGroup
  var secret: SecretOptions

  func validate() throws {
    guard !input.isEmpty, !output.isEmpty else {
      throw ValidationError("-i and -o need the name of a file.")
    }
    guard input != output else { throw ValidationError("-i and -o need two files.") }
  }

  func run() throws {
    let person = Terminal(explains: false)
    do throws(ClientFailure) {
      let (name, secret) = try secret.completed(for: name, by: try ClientSettings.current())
      let options = OpenCopyOptions(
        owner: try secret.name(name), secret: secret.source, input: input,
        output: output == "-" ? .standardOutput : .file(output))
      try SealedCopyReader(options, person: person).run()
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
