internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Receives files and folders into a folder, or a stream, or a text.
struct ReceiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Receive what a user sends: files and folders into a folder, texts on the terminal.",
    usage: """
      client receive [-d DIR] -n NAME -a KDC_HOST -p KDC_PORT
      client receive [-d DIR] --accept-from NAME,... | --accept-all ...
      client receive --exec COMMAND --accept-from NAME,... | --accept-all ...
      client receive --keep ...
      """,
    discussion: """
      Whoever is at the terminal sees the whole list and decides before anything is written. \
      Without a terminal only those are accepted whom --accept-from or --accept-all names. What \
      was interrupted is kept for a week in hidden folders, .trent-*.partial, and gone on with \
      when the same sender sends the same again.

      What waits with your own mailbox ("client mailbox set") is fetched first, by the same rules, \
      as "client fetch" does: when something came, that is it; with --keep it is looked for every \
      five minutes. Not with -o, -s or --exec.

      \(ServiceOptions.help)

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("d", allowingJoined: true), .long],
    help: ArgumentHelp("The folder that everything goes to. (default: the present one)"),
    completion: .directory)
  var directory: String?

  @OptionGroup(title: "Accepting")
  var accepting: AcceptingOptions

  @OptionGroup(title: "Receiving")
  var receiving: ReceivingOptions

  @OptionGroup(title: "Receiving")
  var retrying: RetryOption

  @OptionGroup(title: "Deposits")
  var deposits: DepositOptions

  @OptionGroup(title: "Service")
  var service: ServiceOptions

  @OptionGroup
  var user: UserOptions

  @OptionGroup(title: "Telling")
  var reporting: ReportingOptions

  private var isFile: Bool { receiving.output != nil || receiving.sealedCopy != nil }

  func validate() throws {
    guard directory != "" else { throw ValidationError("-d needs the name of a folder.") }
    guard directory == nil || !isFile else {
      throw ValidationError("Receive into a folder (-d) or to a file (-o, -s), not both.")
    }
    guard service.exec == nil || (directory == nil && !isFile && !accepting.decidesAboutNames)
    else {
      throw ValidationError(
        "--exec gives what comes to a command: leave -d, -o, -s, --overwrite and --rename out.")
    }
    guard !service.keep || !isFile else {
      throw ValidationError("--keep receives into a folder (-d) or a command (--exec).")
    }
    guard !isFile || !accepting.decidesAboutNames else {
      throw ValidationError("--overwrite and --rename are for folders: -o always replaces.")
    }
  }

  func options(_ user: UserOptions.User) throws(ClientFailure) -> ReceiveOptions {
    let settled = try user.settings.receiverFolder
    var options = try receiving.options(user, reporting, folder: directory ?? settled ?? ".")
    if let target = service.target(outputIsTaken: reporting.json) { options.output = target }
    options.signIn.depositLifetime = try deposits.lifetime(by: user.settings)
    options.keeps = service.keep
    options.rules = accepting.rules(settled: try user.settings.acceptedSenders)
    options.retry = retrying.retry
    options.fetchesFirst = service.exec == nil && !isFile
    return options
  }

  func run() throws {
    try user.run(reporting) { (user) throws(ClientFailure) in
      try Receiver(options(user), state: user.state, person: user.person).run()
    }
  }
}
