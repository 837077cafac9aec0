internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Sends files, folders, a stream or a text.
struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send files, folders, standard input or a text to a user by name.",
    usage: """
      client send FILE... -r RECEIVER -n NAME -a KDC_HOST -p KDC_PORT
      client send - -r RECEIVER ...
      client send --text TEXT -r RECEIVER ...
      client send FILE... -r RECEIVER --via MAILBOX ...
      """,
    discussion: """
      Folders go with all that is in them: files, folders, and symbolic links that stay inside; \
      with permissions and times. When it was interrupted, the same command goes on where it \
      stopped. What is for somebody who is away can be left with a mailbox, sealed for the \
      receiver alone; it is said which of the two happened.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Argument(help: "Files and folders; - alone is standard input.", completion: .file())
  var files: [String] = []

  @Option(
    name: [.customShort("r", allowingJoined: true), .long], help: "The name of the receiver.",
    transform: TransferCommand.principal)
  var receiver: PrincipalName

  @Option(
    name: [.customShort("i", allowingJoined: true), .long],
    help: ArgumentHelp("The same as a FILE.", valueName: "file"), completion: .file())
  var input: [String] = []

  @Option(help: "A short text to send instead of files.")
  var text: String?

  @OptionGroup(title: "Sending")
  var retrying: RetryOption

  @OptionGroup(title: "Mailboxes")
  var leaving: MailboxOptions

  @OptionGroup
  var user: UserOptions

  @OptionGroup(title: "Telling")
  var reporting: ReportingOptions

  private var paths: [String] { files + input }

  func validate() throws {
    if let text {
      guard paths.isEmpty else { throw ValidationError("Send files or a text, not both.") }
      guard text.utf8.count <= TransferLimits.textByteCount else {
        throw ValidationError("A text has at most \(TransferLimits.textByteCount) bytes.")
      }
      return
    }
    guard !paths.isEmpty else { throw ValidationError("Say which files to send.") }
    guard !paths.contains("") else { throw ValidationError("A file needs a name.") }
    guard paths.contains("-") else { return }
    guard paths.count == 1 else {
      throw ValidationError("Standard input (-) is sent alone.")
    }
    guard user.identification.secret.passphraseFile != "-" else {
      throw ValidationError(
        "Standard input cannot be both what is sent (-) and the passphrase (--passphrase-file -).")
    }
  }

  var content: Input {
    if let text { return .text(text) }
    return paths == ["-"] ? .standardInput : .files(paths)
  }

  func run() throws {
    try user.run(reporting) { (user) throws(ClientFailure) in
      var options = SendOptions(
        kdc: user.kdc, signIn: user.signIn, receiver: receiver, input: content,
        newPeer: user.newPeer)
      options.retry = retrying.retry
      options.mailbox = leaving.use
      options.watcher = reporting.watcher
      try Sender(options, state: user.state, person: user.person).run()
    }
  }
}
