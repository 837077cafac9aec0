internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Lines both ways between two users.
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Exchange lines with a user by name.",
    usage: """
      client chat -r NAME -n NAME -a KDC_HOST -p KDC_PORT [-l PORT]
      client chat -r NAME --via MAILBOX | --mailbox never ...
      """,
    discussion: """
      Each line of standard input goes to the other one: directly while that user runs \
      "client chat" or "client receive", else, where the user has one, to a mailbox. A line of \
      more than 64 KiB is several; an empty one is not sent. What became \
      of it is said on standard error; what the other one says goes to standard output, what waits \
      at your own mailbox first, and every five minutes. Only this \
      user's texts are taken meanwhile, so have one chat at a time. Ends with \
      standard input (Ctrl-D), or a signal.

      EXIT STATUS:
      \(ExitStatus.table)
      Here 0 is the end of a chat, whatever became of its lines.
      """)

  @Option(
    name: [.customShort("r", allowingJoined: true), .long], help: "With whom.",
    transform: TransferCommand.principal)
  var receiver: PrincipalName

  @Option(
    name: [.customShort("l", allowingJoined: true), .long],
    help: "The port to listen on. (default: a free one)")
  var listen: UInt16?

  @Option(
    help: ArgumentHelp(
      "An address at which the other one can reach this machine besides those that it knows of.",
      valueName: "address"),
    transform: ReceivingOptions.place)
  var announce: [HostAndPort] = []

  @OptionGroup(title: "Mailboxes")
  var leaving: MailboxOptions

  @OptionGroup(title: "Deposits")
  var deposits: DepositOptions

  @OptionGroup
  var user: UserOptions

  @OptionGroup(title: "Telling")
  var verbosity: VerbosityOptions

  func validate() throws {
    guard user.identification.secret.passphraseFile != "-" else {
      throw ValidationError("Standard input has the lines: the passphrase cannot be there, too.")
    }
  }

  func run() throws {
    try user.run(verbosity) { (user) throws(ClientFailure) in
      var options = ChatOptions(
        kdc: user.kdc, signIn: user.signIn, peer: receiver, newPeer: user.newPeer)
      options.signIn.depositLifetime = try deposits.lifetime(by: user.settings)
      options.mailbox = leaving.use
      options.port = listen ?? 0
      options.announced = announce.isEmpty ? try user.settings.announced : announce
      try Chat(options, state: user.state, person: user.person).run()
    }
  }
}
