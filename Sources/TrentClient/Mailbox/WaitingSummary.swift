public import FileTransfer
internal import MailboxService
internal import SystemClock
public import Wire

/// A deposit that waits, as whoever lists them is told of it.
public struct WaitingSummary: Sendable {
  /// What is known of what is in it.
  public enum Content: Sendable {
    /// It has been opened: the list is its sender's, who has proven to be that.
    case opened(Manifest)
    /// Why it cannot be opened: its sender is who the mailbox says.
    case closed(String)
    /// It was taken before, and is deleted with the next fetch.
    case taken
  }

  /// Where it waits.
  public let mailbox: PrincipalName
  /// What the mailbox calls it; higher is later.
  public let number: UInt64
  /// Who has left it, as the mailbox says; when it was opened, as it has proven.
  public let sender: PrincipalName
  /// By the mailbox's clock.
  public let stored: Timestamp
  /// As it waits, sealed.
  public let byteCount: UInt64
  /// What is in it, as far as it can be known.
  public let content: Content

  init(_ waiting: WaitingDeposit, with mailbox: PrincipalName, _ content: Content) {
    self.mailbox = mailbox
    number = waiting.number
    sender = waiting.sender
    stored = waiting.stored
    byteCount = waiting.byteCount
    self.content = content
  }

  /// A line for a person.
  var line: String {
    let what =
      switch content {
      case .opened(let manifest): ShownManifest(manifest).summary
      case .closed(let reason): "not opened: \(reason)"
      case .taken: "taken before"
      }
    return "\(mailbox) \(number)  \(SystemClock.localText(stored))  \(sender)  "
      + "\(byteCount.inBytes)  \(what)"
  }
}
