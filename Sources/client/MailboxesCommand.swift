internal import ArgumentParser
internal import TrentClient

/// Lists the mailboxes that a KDC knows.
struct MailboxesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mailboxes",
    abstract: "List the mailboxes that are present, one a line.",
    usage: "client mailboxes -n NAME -a KDC_HOST -p KDC_PORT",
    discussion: """
      Anybody who is registered may offer one. A mailbox cannot read or change what is left with \
      it, but it can lose it: choose one that you have heard of elsewhere.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @OptionGroup
  var user: MailboxUserOptions

  func run() throws {
    try user.run { (book) throws(ClientFailure) in
      for name in try book.list() { print(name) }
    }
  }
}
