internal import ArgumentParser
internal import TrentClient
internal import Wire

/// When a sender leaves something with a mailbox.
struct MailboxOptions: ParsableArguments {
  enum Use: String, ExpressibleByArgument, CaseIterable {
    case auto
    case never
    case always
  }

  @Option(
    help: ArgumentHelp(
      "Leave it with this mailbox, which keeps it until the receiver fetches it.",
      valueName: "mailbox"),
    transform: TransferCommand.principal)
  var via: PrincipalName?

  @Option(
    help: ArgumentHelp(
      "Whether to leave it with a mailbox, that of --via or the one that the receiver has set: "
        + "auto when the receiver cannot be reached, always, or never. (default: always with "
        + "--via, else auto)", valueName: "when"))
  var mailbox: Use?

  func validate() throws {
    guard via == nil || mailbox != .never else {
      throw ValidationError("--via names a mailbox, which --mailbox never forbids.")
    }
  }

  var use: MailboxUse {
    switch mailbox ?? (via == nil ? .auto : .always) {
    case .auto: .whenAway(via: via)
    case .never: .never
    case .always: .always(via: via)
    }
  }
}
