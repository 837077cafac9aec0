internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Who asks about mailboxes, at which KDC.
struct MailboxUserOptions: ParsableArguments {
  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Your name; a key file has it, too.", transform: TransferCommand.principal)
  var name: PrincipalName?

  @OptionGroup(title: "KDC")
  var center: CenterOptions

  @OptionGroup(title: "Signing in")
  var identification: IdentificationOptions

  @Flag(help: "Say on standard error what happens.")
  var verbose = false

  /// Runs `body` for the user that options and settings name, and tells why it failed.
  ///
  /// - Parameter deposits: whether a login that has to be made for it takes deposits; nil: it does
  ///   not.
  func run(
    _ deposits: DepositOptions? = nil, _ body: (MailboxBook) throws(ClientFailure) -> Void
  ) throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      let settings = try ClientSettings.current()
      var kdc = try center.kdcOptions(settings)
      var options = try identification.signInOptions(name, at: &kdc, settings)
      options.depositLifetime = try deposits?.lifetime(by: settings)
      let newPeer = try settings.newPeer ?? .accept
      try body(
        MailboxBook(
          kdc, options, state: try StateFolder.current(telling: person), person: person,
          newPeer: newPeer))
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
