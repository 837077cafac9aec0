internal import Wire

/// Goes to mailboxes: one that is away is told, and keeps nobody from the others.
struct MailboxVisits {
  let mailboxes: [PrincipalName]
  let signOn: SignOn
  let state: StateFolder
  let newPeers: NewPeers
  let person: any Person
  /// How long each of them may take to answer; nil: as long as it needs.
  var patience: Interval?

  /// - Parameter body: what to do there.
  /// - Throws: what went wrong at the first one where something did, after the others.
  func run(
    _ start: inout SignOn.Start, _ body: (inout MailboxVisit) throws(ClientFailure) -> Void
  ) throws(ClientFailure) {
    guard let first = mailboxes.first else { return }
    var failure: ClientFailure?
    var visit = MailboxVisit(self, at: first, with: start)
    for mailbox in mailboxes {
      visit.move(to: mailbox)
      do throws(ClientFailure) {
        try body(&visit)
      } catch {
        if error.isInterruption {
          failure = error
          break
        }
        if mailboxes.count > 1 { person.say("\(mailbox): \(error)") }
        failure = failure ?? error
      }
    }
    start = visit.end()
    if let failure { throw failure }
  }
}
