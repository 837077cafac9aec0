internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// Goes to mailboxes, one after the other, with one login. A mailbox ends a session in which it is
/// asked nothing for a minute; a person who thinks, or a disk, may take longer: the next request
/// begins another one.
struct MailboxVisit: ~Copyable, DepositBox {
  private static let idleLimit = Interval.seconds(30)

  private let visits: MailboxVisits
  private var start: SignOn.Start
  private(set) var mailbox: PrincipalName
  private var link: MailboxLink?
  /// Until when a session is one that the mailbox still listens to; nil without one.
  private var lasting: Deadline?

  init(_ visits: MailboxVisits, at mailbox: PrincipalName, with start: consuming SignOn.Start) {
    self.visits = visits
    self.mailbox = mailbox
    self.start = start
    link = nil
  }

  /// Goes to another one.
  mutating func move(to mailbox: PrincipalName) {
    self.mailbox = mailbox
    link = nil
    lasting = nil
  }

  consuming func end() -> SignOn.Start { start }

  private mutating func connect() throws(ClientFailure) {
    if let lasting, !lasting.hasPassed { return }
    lasting = nil
    link = .some(
      try MailboxLink(
        to: mailbox, visits.signOn, state: visits.state, newPeers: visits.newPeers,
        person: visits.person, &start.login, over: &start.link, patience: visits.patience))
    hear()
  }

  private mutating func hear() { lasting = .after(Self.idleLimit) }

  // MARK: The box

  mutating func list(
    after number: UInt64
  ) throws(ClientFailure) -> (deposits: [WaitingDeposit], hasMore: Bool) {
    try connect()
    do throws(ClientFailure) {
      let answer = try link?.list(after: number)
      hear()
      return answer ?? ([], false)
    } catch {
      throw told(error)
    }
  }

  mutating func fetch(
    _ number: UInt64, from offset: UInt64, byteCount: UInt32, _ take: (RawSpan) throws -> Void
  ) throws {
    try connect()
    do {
      try link?.fetch(number, from: offset, byteCount: byteCount, take)
      hear()
    } catch let error as ClientFailure {
      throw told(error)
    }
  }

  mutating func collected(_ deposit: WaitingDeposit) throws(ClientFailure) {
    try connect()
    do throws(ClientFailure) {
      try link?.collected(deposit)
      hear()
    } catch {
      throw told(error)
    }
  }

  /// What a session that breaks off means to who fetches: nothing has to be sent again.
  private func told(_ error: ClientFailure) -> ClientFailure {
    guard error.exitCode == ExitStatus.transferBroken.rawValue else { return error }
    visits.person.explain("\(mailbox): \(error)")
    return ClientFailure(
      .transferBroken,
      "The session with \(mailbox) broke off. What has come is kept: fetch again.",
      isPassing: error.isPassing)
  }

  // MARK: The realm

  var realm: Realm { start.link.realm }
  var clocks: PeerTrust.Clocks {
    PeerTrust.Clocks(kdc: start.link.clock.now, own: SystemClock.now)
  }

  mutating func successor(patience: Interval) -> Realm? {
    start.link.successor(patience: patience)
  }
}
