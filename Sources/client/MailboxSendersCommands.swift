internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Has a mailbox take nothing more of a sender, or again.
struct MailboxSenderOptions: ParsableArguments {
  @Argument(help: "The sender.", transform: TransferCommand.principal)
  var sender: PrincipalName

  @Option(
    help: ArgumentHelp("At this mailbox instead of your own.", valueName: "mailbox"),
    transform: TransferCommand.principal)
  var at: PrincipalName?

  @OptionGroup
  var user: MailboxUserOptions

  func run(_ body: (MailboxBook) throws(ClientFailure) -> Void) throws {
    try user.run(nil, body)
  }
}

extension MailboxCommand {
  struct Refuse: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have your mailbox take nothing more of a sender, who is not told why.",
      usage: "client mailbox refuse SENDER [--at MAILBOX] -n NAME -a KDC_HOST -p KDC_PORT")

    @OptionGroup
    var options: MailboxSenderOptions

    func run() throws {
      try options.run { (book) throws(ClientFailure) in
        try book.refuse(options.sender, at: options.at)
      }
    }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have your mailbox take what a refused sender leaves again.",
      usage: "client mailbox allow SENDER [--at MAILBOX] -n NAME -a KDC_HOST -p KDC_PORT")

    @OptionGroup
    var options: MailboxSenderOptions

    func run() throws {
      try options.run { (book) throws(ClientFailure) in
        try book.allow(options.sender, at: options.at)
      }
    }
  }
}
