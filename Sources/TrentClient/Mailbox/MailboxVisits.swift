internal import KeyDistribution
internal import SystemClock
internal import Wire

/// Goes to mailboxes, one after the other: one that is away is told, and keeps nobody from the
/// others.
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
    _ start: inout SignOn.Start,
    _ body: (inout MailboxLink, inout SignOn.Start) throws(ClientFailure) -> Void
  ) throws(ClientFailure) {
    var first: ClientFailure?
    for mailbox in mailboxes {
      do throws(ClientFailure) {
        var link = try MailboxLink(
          to: mailbox, signOn, state: state, newPeers: newPeers, person: person, &start.login,
          over: &start.link, patience: patience)
        try body(&link, &start)
      } catch {
        guard !error.isInterruption else { throw error }
        if mailboxes.count > 1 { person.say("\(mailbox): \(error)") }
        first = first ?? error
      }
    }
    if let first { throw first }
  }
}
