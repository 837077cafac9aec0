internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Changes a passphrase, or the key in a key file.
struct PasswdCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "passwd",
    abstract: "Change the passphrase, or the key in a key file.",
    usage: "client passwd (-n NAME | --key-file FILE) -a KDC_HOST -p KDC_PORT",
    discussion: """
      The old one never works again, and every login that was made with it is over; the identity \
      key, which peers know one by, stays. If this is interrupted, one of the two works: the next \
      "client login" or "client passwd" says which.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Your name; a key file has it, too.", transform: TransferCommand.principal)
  var name: PrincipalName?

  @OptionGroup(title: "KDC")
  var center: CenterOptions

  @OptionGroup(title: "Secrets")
  var secrets: PasswdOptions

  @Flag(help: "Say on standard error what happens.")
  var verbose = false

  func run() throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      let settings = try ClientSettings.current()
      var kdc = try center.kdcOptions(settings)
      let options = try secrets.signInOptions(name, at: &kdc, settings)
      let change = SecretChange(
        kdc, options,
        newPassphrase: secrets.newPassphrase,
        state: try StateFolder.current(telling: person), person: person)
      try change.run()
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
