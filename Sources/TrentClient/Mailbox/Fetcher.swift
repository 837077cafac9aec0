internal import FileTransfer
internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import Transport
public import Wire

/// What somebody is asked to fetch.
public struct FetchOptions: Sendable {
  /// Who signs in where; where everything goes; what is taken, from whom.
  public var receiving: ReceiveOptions
  /// None: the home mailbox, or where there is none all that the KDC knows.
  public var mailboxes: [PrincipalName]
  /// Whether to tell what is there, and take nothing.
  public var lists = false

  /// Takes what waits as `receiving` says.
  public init(_ receiving: ReceiveOptions, from mailboxes: [PrincipalName]) {
    self.receiving = receiving
    self.mailboxes = mailboxes
  }
}

/// Fetches what waits with mailboxes, or tells what that is.
public struct Fetcher {
  /// So many mailboxes are asked unless they are named.
  private static let mailboxLimit = 16

  private let options: FetchOptions
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before `run`.
  public init(_ options: FetchOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  private var receiving: ReceiveOptions { options.receiving }

  /// Signs in, and fetches. Blocks until it is done.
  public func run() throws(ClientFailure) {
    if !options.lists { try receiving.output.check() }
    let signOn = SignOn(receiving.kdc, receiving.signIn, in: state, person: person)
    var start = try signOn.begin()
    start.login.forgetAccount()
    let visits = MailboxVisits(
      mailboxes: try mailboxes(signOn, &start), signOn: signOn, state: state,
      newPeers: NewPeers(policy: receiving.newPeer, person: person), person: person)
    if options.lists {
      try list(visits, &start)
    } else {
      try fetch(visits, &start)
    }
  }

  private func fetch(
    _ visits: MailboxVisits, _ start: inout SignOn.Start
  ) throws(ClientFailure) {
    var collecting = try DepositCollecting(
      for: start.login.credential, receiving, state: state, person: person, until: NoStop())
    var failure: ClientFailure?
    do throws(ClientFailure) {
      try visits.run(&start) { (box) throws(ClientFailure) in
        try collecting.run(&box)
      }
    } catch {
      failure = error
    }
    if let failure = failure ?? collecting.failure { throw failure }
    if collecting.takenCount == 0 { person.say("nothing waits for \(receiving.signIn.name)") }
  }

  // MARK: Which ones

  private func mailboxes(
    _ signOn: SignOn, _ start: inout SignOn.Start
  ) throws(ClientFailure) -> [PrincipalName] {
    guard options.mailboxes.isEmpty else { return options.mailboxes }
    let home = HomeMailbox(of: receiving.signIn.name, in: start.link.realm, state: state)
    if let mailbox = try home.load() { return [mailbox] }
    // A mailbox's own name is no place where it could fetch.
    let others = try MailboxBook.present(&start, signOn).filter { $0 != receiving.signIn.name }
    guard !others.isEmpty else {
      throw ClientFailure(
        .receiverAbsent,
        "The KDC knows no mailbox that is present, and none is set. Say with --from NAME where to "
          + "look.")
    }
    if others.count > Self.mailboxLimit {
      person.say(
        "there are \(others.count) mailboxes: the first \(Self.mailboxLimit) are asked; name "
          + "others with --from")
    }
    return [PrincipalName](others.prefix(Self.mailboxLimit))
  }

  // MARK: Listing

  private func list(
    _ visits: MailboxVisits, _ start: inout SignOn.Start
  ) throws(ClientFailure) {
    let keychain = try DepositKeychain(of: start.login.credential, state: state, person: person)
    var count = 0
    try visits.run(&start) { (box) throws(ClientFailure) in
      var list = WaitingList()
      while let waiting = try list.next(from: &box) {
        let content = try look(at: waiting, in: &box, with: keychain)
        receiving.watcher.waits(WaitingSummary(waiting, with: box.mailbox, content))
        count += 1
      }
      if list.isCutOff { person.say("there is more with \(box.mailbox)") }
    }
    if count == 0 { person.say("nothing waits for \(receiving.signIn.name)") }
  }

  /// - Throws: why there is no going on with this mailbox.
  private func look(
    at waiting: WaitingDeposit, in box: inout MailboxVisit, with keychain: borrowing DepositKeychain
  ) throws(ClientFailure) -> WaitingSummary.Content {
    do {
      switch try IncomingDeposit.open(waiting, in: &box, with: keychain) {
      case .taken: return .taken
      case .new(let deposit): return .opened(deposit.manifest)
      }
    } catch let failure as DepositFailure {
      return .closed(failure.word)
    } catch let failure as ClientFailure {
      guard failure.exitCode == ExitStatus.refusedByReceiver.rawValue else { throw failure }
      return .closed(failure.description)
    } catch {
      return .closed(DepositFailure.damaged("\(error)").word)
    }
  }
}
