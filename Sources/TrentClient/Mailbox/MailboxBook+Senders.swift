internal import KeyDistribution
internal import MailboxService
public import Wire

extension MailboxBook {
  /// Has a mailbox take nothing more of a sender. What it has of it stays.
  ///
  /// - Parameter mailbox: nil: the user's own.
  public func refuse(
    _ sender: PrincipalName, at mailbox: PrincipalName?
  ) throws(ClientFailure) {
    let name = try visit(mailbox) { (link) throws(ClientFailure) in try link.refuse(sender) }
    person.say("\(name) takes nothing more from \(sender) for \(options.name)")
  }

  /// Has it take what this sender leaves again.
  public func allow(
    _ sender: PrincipalName, at mailbox: PrincipalName?
  ) throws(ClientFailure) {
    let name = try visit(mailbox) { (link) throws(ClientFailure) in try link.allow(sender) }
    person.say("\(name) takes what \(sender) leaves for \(options.name)")
  }

  /// Has it delete what waits for this user under a number, unread.
  public func discard(_ number: UInt64, at mailbox: PrincipalName?) throws(ClientFailure) {
    var sender: PrincipalName?
    let name = try visit(mailbox) { (link) throws(ClientFailure) in
      let listed = number == 0 ? nil : try link.list(after: number - 1).deposits.first
      guard let deposit = listed, deposit.number == number else {
        throw ClientFailure(.refusedByReceiver, "There is no number \(number) for you there.")
      }
      try link.collected(deposit)
      sender = deposit.sender
    }
    let origin = sender.map { " from \($0)" } ?? ""
    person.say("\(name) has deleted number \(number)\(origin)")
  }

  /// - Returns: which mailbox it was.
  private func visit(
    _ mailbox: PrincipalName?, _ body: (inout MailboxLink) throws(ClientFailure) -> Void
  ) throws(ClientFailure) -> PrincipalName {
    var start = try signOn.begin()
    let own = try home(in: start.link.realm).load()
    guard let mailbox = mailbox ?? own else {
      throw ClientFailure(
        .usage, "No mailbox is set on this device. Say with --at NAME which one is meant.")
    }
    var link = try MailboxLink(
      to: mailbox, signOn, state: state, newPeers: newPeers, person: person, &start.login,
      over: &start.link)
    try body(&link)
    return mailbox
  }
}
