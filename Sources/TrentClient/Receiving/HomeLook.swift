internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Synchronization
internal import Transport
internal import Wire

/// Looks into the home mailbox of a user who receives: what waits there comes first. Whatever goes
/// wrong with it is said, and keeps nobody from receiving.
final class HomeLook: Sendable {
  /// How long a mailbox may take to answer somebody whom senders wait for.
  private static let patience = Interval.seconds(3)
  /// How long a service waits from one look to the next.
  private static let interval = Interval.minutes(5)

  private let options: ReceiveOptions
  private let state: StateFolder
  private let isLooking = Mutex(false)
  private let next = Mutex(Deadline.after(HomeLook.interval))

  init(_ options: ReceiveOptions, state: StateFolder) {
    self.options = options
    self.state = state
  }

  /// When to look again.
  var due: Deadline { next.withLock { $0 } }

  /// - Returns: whether anything was fetched.
  func run(
    _ start: inout SignOn.Start, _ signOn: SignOn, person: any Person, until stop: any Stop
  ) throws(ClientFailure) -> Bool {
    do throws(ClientFailure) {
      return try fetch(&start, signOn, person, until: stop)
    } catch {
      guard !error.isInterruption else { throw error }
      person.say("\(error)")
      return false
    }
  }

  private func fetch(
    _ start: inout SignOn.Start, _ signOn: SignOn, _ person: any Person, until stop: any Stop
  ) throws(ClientFailure) -> Bool {
    let home = HomeMailbox(of: options.signIn.name, in: start.link.realm, state: state)
    guard let mailbox = try home.load() else { return false }
    let visits = MailboxVisits(
      mailboxes: [mailbox], signOn: signOn, state: state,
      newPeers: NewPeers(policy: options.newPeer, person: person), person: person,
      patience: Self.patience)
    var collecting = try DepositCollecting(
      for: start.login.credential, options, state: state, person: person, until: stop)
    try visits.run(&start) { (box) throws(ClientFailure) in
      try collecting.run(&box)
    }
    if let failure = collecting.failure { person.say("\(failure)") }
    return collecting.takenCount > 0
  }

  /// The same on a thread of its own, with a copy of the login, while others are served.
  func begin(as login: borrowing Credential, for service: ReceivingService) {
    next.withLock { $0 = .after(Self.interval) }
    let isFree = isLooking.withLock { isLooking in
      defer { isLooking = true }
      return !isLooking
    }
    guard isFree else { return }
    let copy = CachedCredential.encode(login)
    let handover = Handover(copy)
    let hasBegun = WorkerThread.start { [self] in
      if let copy = handover.take() { look(as: copy, for: service) }
      isLooking.withLock { $0 = false }
    }
    if !hasBegun { isLooking.withLock { $0 = false } }
  }

  /// A login that is over is renewed by who receives, not here.
  private func bystander(_ person: any Person) -> SignOn {
    var signIn = options.signIn
    signIn.secret = .passphrase(.person)
    return SignOn(options.kdc, signIn, in: state, person: QuietPerson(person))
  }

  private func look(as copy: borrowing SecretBytes, for service: ReceivingService) {
    do {
      let credential = try CachedCredential.decode(copy.bytes)
      switch try KDCLink(toPinned: options.kdc, in: state, person: service.person) {
      case .none: return
      case .some(let link):
        var start = SignOn.Start(
          link: link, login: Login(account: nil, credential: credential, secret: nil))
        _ = try run(
          &start, bystander(service.person), person: service.person, until: service.stop)
      }
    } catch {
      service.person.explain("the mailbox was not looked into: \(error)")
    }
  }
}
