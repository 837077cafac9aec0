internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Fetches what waits with mailboxes.
struct FetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch what was left with a mailbox while you were away.",
    usage: """
      client fetch [-d DIR] [--from MAILBOX]... -n NAME -a KDC_HOST -p KDC_PORT
      client fetch -o FILE ...
      client fetch --list ...
      """,
    discussion: """
      Everything is taken in the order in which it was left, by the rules of "client receive", \
      verified as coming from its sender, and deleted at the mailbox only when all of it is on \
      the disk. What is refused, or cannot be opened, stays there, and is told; so does what a \
      full disk or a broken connection keeps from coming, and then nothing later of the same \
      sender is taken before it. What was interrupted goes on where it stopped.

      Without --from, your own mailbox is asked ("client mailbox set"); where none is set, all \
      that the KDC knows, 16 at most.

      EXIT STATUS:
      \(ExitStatus.table)
      Here 0 means that nothing is left there that this could have taken: with -o, which takes \
      one, and of more than 10,000 at one mailbox, it is said that there is more. With --list 0 \
      means that all of it was told. Otherwise it is that of the first trouble: 6 for a mailbox \
      that is away, 7 for what is refused, 8 for what is damaged or too old, 9 for what this \
      device lacks the keys of, or the room for, 10 for a sender whose identity has changed.
      """)

  @Option(
    name: [.customShort("d", allowingJoined: true), .long],
    help: ArgumentHelp("The folder that everything goes to. (default: the present one)"),
    completion: .directory)
  var directory: String?

  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Where the first file, stream or text goes, and nothing else is taken; - is standard output.",
      valueName: "file"), completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp("Ask this mailbox. May be repeated.", valueName: "mailbox"),
    transform: TransferCommand.principal)
  var from: [PrincipalName] = []

  @Flag(help: "Tell what is there, and take nothing: mailbox and number, time, sender, size, what.")
  var list = false

  @OptionGroup(title: "Accepting")
  var accepting: AcceptingOptions

  @OptionGroup(title: "Deposits")
  var deposits: DepositOptions

  @OptionGroup
  var user: UserOptions

  @OptionGroup(title: "Telling")
  var reporting: ReportingOptions

  func validate() throws {
    guard directory != "" else { throw ValidationError("-d needs the name of a folder.") }
    guard output != "" else { throw ValidationError("-o needs the name of a file.") }
    guard directory == nil || output == nil else {
      throw ValidationError("Fetch into a folder (-d) or to a file (-o), not both.")
    }
    guard output == nil || !accepting.decidesAboutNames else {
      throw ValidationError("--overwrite and --rename are for folders: -o always replaces.")
    }
    guard !list || (directory == nil && output == nil && !accepting.decidesAboutNames) else {
      throw ValidationError("--list takes nothing: leave -d, -o, --overwrite and --rename out.")
    }
    guard output != "-" || !reporting.json else {
      throw ValidationError(
        "Standard output cannot carry both what is fetched and --json: name a file (-o).")
    }
  }

  func options(_ user: UserOptions.User) throws(ClientFailure) -> FetchOptions {
    let settled = try user.settings.receiverFolder
    let target: OutputTarget =
      switch output {
      case "-": .standardOutput
      case let path?: .file(path)
      case nil: .folder(directory ?? settled ?? ".")
      }
    var receiving = ReceiveOptions(
      kdc: user.kdc, signIn: user.signIn, output: target, newPeer: user.newPeer)
    receiving.signIn.depositLifetime = try deposits.lifetime(by: user.settings)
    receiving.rules = accepting.rules(settled: try user.settings.acceptedSenders)
    receiving.watcher = reporting.watcher
    var options = FetchOptions(receiving, from: from)
    options.lists = list
    return options
  }

  func run() throws {
    try user.run(reporting) { (user) throws(ClientFailure) in
      try Fetcher(options(user), state: user.state, person: user.person).run()
    }
  }
}
