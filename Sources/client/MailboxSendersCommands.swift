internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Which mailbox is meant, and whose box.
struct OwnBoxOptions: ParsableArguments {
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

/// Has a mailbox take nothing more of a sender, or again.
struct MailboxSenderOptions: ParsableArguments {
  @Argument(help: "The sender.", transform: TransferCommand.principal)
  var sender: PrincipalName

  @OptionGroup
  var box: OwnBoxOptions
}

extension MailboxCommand {
  struct Refuse: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have your mailbox take nothing more of a sender, who is not told why.",
      usage: "client mailbox refuse SENDER [--at MAILBOX] -n NAME -a KDC_HOST -p KDC_PORT")

    @OptionGroup
    var options: MailboxSenderOptions

    func run() throws {
      try options.box.run { (book) throws(ClientFailure) in
        try book.refuse(options.sender, at: options.box.at)
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
      try options.box.run { (book) throws(ClientFailure) in
        try book.allow(options.sender, at: options.box.at)
      }
    }
  }

  struct Discard: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have your mailbox delete what waits for you, unread.",
      usage: "client mailbox discard NUMBER [--at MAILBOX] -n NAME -a KDC_HOST -p KDC_PORT")

    @Argument(help: "Its number, as \"client fetch --list\" shows it.")
    var number: UInt64

    @OptionGroup
    var box: OwnBoxOptions

    func run() throws {
      try box.run { (book) throws(ClientFailure) in try book.discard(number, at: box.at) }
    }
  }
}
