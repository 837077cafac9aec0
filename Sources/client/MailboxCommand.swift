internal import ArgumentParser
internal import TrentClient
internal import Wire

/// What a user settles about mailboxes.
struct MailboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mailbox",
    abstract: "Say where you look for what is left for you while you are away.",
    discussion: """
      Who sends you something and finds you away is told the mailbox that is set here, by each \
      login that takes deposits ("client login", "client receive"). Without one, senders have to \
      name it.

      EXIT STATUS:
      \(ExitStatus.table)
      """,
    subcommands: [Set.self, Unset.self, Show.self, Refuse.self, Allow.self, Discard.self])

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set your mailbox, and tell the KDC.",
      usage: "client mailbox set MAILBOX -n NAME -a KDC_HOST -p KDC_PORT")

    @Argument(
      help: "The name of the mailbox, as \"client mailboxes\" lists it.",
      transform: TransferCommand.principal)
    var mailbox: PrincipalName

    @OptionGroup
    var user: MailboxUserOptions

    @OptionGroup(title: "Deposits")
    var deposits: DepositOptions

    func run() throws {
      try user.run(deposits) { (book) throws(ClientFailure) in
        try book.setHome(mailbox)
      }
    }
  }

  struct Unset: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have no mailbox any more, and tell the KDC.",
      usage: "client mailbox unset -n NAME -a KDC_HOST -p KDC_PORT")

    @OptionGroup
    var user: MailboxUserOptions

    @OptionGroup(title: "Deposits")
    var deposits: DepositOptions

    func run() throws {
      try user.run(deposits) { (book) throws(ClientFailure) in try book.setHome(nil) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the mailbox that is set on this device. The exit status is 1 without one.",
      usage: "client mailbox show -n NAME -a KDC_HOST -p KDC_PORT")

    @OptionGroup
    var user: MailboxUserOptions

    func run() throws {
      try user.run { (book) throws(ClientFailure) in
        guard let mailbox = try book.home() else {
          throw ClientFailure(.other, "No mailbox is set on this device.")
        }
        print(mailbox)
      }
    }
  }
}
