internal import ArgumentParser
internal import Glibc
internal import KeyDistribution
internal import ProgramArguments
internal import ProgramDescription
internal import TrentClient
internal import Wire

/// Sends or receives one file: the classic command line.
struct TransferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client",
    abstract: "Send a file to a user by name, or receive one.",
    usage: """
      client -n NAME -m R [-s OUTENC] [-o OUTFILE] -a KDC_HOST -p KDC_PORT [-l LISTEN_PORT]
      client -n NAME -m S -r RECEIVER -i FILE -a KDC_HOST -p KDC_PORT
      client send FILE... -r RECEIVER -n NAME -a KDC_HOST -p KDC_PORT
      client receive [-d DIR] -n NAME -a KDC_HOST -p KDC_PORT
      client chat -r NAME -n NAME -a KDC_HOST -p KDC_PORT
      client doctor [-n NAME] [-a KDC_HOST -p KDC_PORT] [-l PORT]
      client fetch [-d DIR] -n NAME -a KDC_HOST -p KDC_PORT
      client login -n NAME -a KDC_HOST -p KDC_PORT
      client keygen -n NAME --key-file FILE -a KDC_HOST -p KDC_PORT
      client logout [-n NAME] [-a KDC_HOST -p KDC_PORT]
      client mailbox set MAILBOX | unset | show | refuse SENDER | allow SENDER | discard NUMBER
      client mailboxes
      client open -n NAME -i OUTENC -o OUTFILE
      client passwd -n NAME -a KDC_HOST -p KDC_PORT
      client peers [list | verify NAME | forget NAME]
      client identity [show | export | import]
      client status
      """,
    discussion: """
      Both users trust one key distribution centre (KDC) and share nothing else. The file goes \
      directly from sender to receiver, encrypted end to end.

      COMMANDS, each with --help of its own:
        chat      exchange lines with a user
        doctor    check that all is well, and say what to do
        fetch     fetch what was left with a mailbox while you were away
        identity  show your identity, or take it to another device
        keygen    register a machine, with a key file instead of a passphrase
        login     log in once: no passphrase is asked for until the login ends
        logout    end logins
        mailbox   say where you look for what is left while you are away, and of whom
        mailboxes list the mailboxes that there are
        open      open an encrypted copy (-s)
        passwd    change the passphrase, or the key in a key file
        peers     tell whom you have met; compare fingerprints
        receive   receive files and folders, by rules
        send      send files, folders, a stream or a text
        status    tell who is logged in

      SETTINGS:
      \(ClientSettings.help)

      EXIT STATUS:
      \(ExitStatus.table)
      """,
    version: ProgramVersion.text)

  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case receive = "R"
    case send = "S"
  }

  @Option(
    name: [.customShort("m", allowingJoined: true), .long],
    help: "R to receive a file, S to send one.")
  var mode: Mode

  @OptionGroup(title: "Sending")
  var sending: SendingOptions

  @OptionGroup(title: "Receiving")
  var receiving: ReceivingOptions

  @OptionGroup(title: "Interruptions")
  var retrying: RetryOption

  @OptionGroup
  var user: UserOptions

  @OptionGroup(title: "Telling")
  var reporting: ReportingOptions

  /// A name, as an argument.
  static func principal(_ text: String) throws -> PrincipalName {
    try ArgumentValues.principal(text)
  }

  func validate() throws {
    switch mode {
    case .send:
      try receiving.refuse()
      guard sending.receiver != nil, sending.input != nil else {
        throw ValidationError("To send (-m S), say to whom (-r) and which file (-i).")
      }
      guard sending.input != "-" || user.identification.secret.passphraseFile != "-" else {
        throw ValidationError(
          "Standard input cannot be both the file (-i -) and the passphrase "
            + "(--passphrase-file -).")
      }
    case .receive:
      try sending.refuse()
      guard receiving.output != nil || receiving.sealedCopy != nil || isatty(STDOUT_FILENO) == 0
      else {
        throw ValidationError(
          "Say with -o where the file goes. To show it on this terminal as it is, pass -o -.")
      }
    }
  }

  func run() throws {
    try user.run(reporting) { (user) throws(ClientFailure) in
      switch mode {
      case .receive:
        var options = try receiving.options(user, reporting)
        options.retry = retrying.retry
        try Receiver(options, state: user.state, person: user.person).run()
      case .send:
        guard var options = sending.options(user) else { return }
        options.retry = retrying.retry
        options.watcher = reporting.watcher
        try Sender(options, state: user.state, person: user.person).run()
      }
    }
  }
}
