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
  private let next = Mutex(Deadline.after(.milliseconds(0)))

  init(_ options: ReceiveOptions, state: StateFolder) {
    self.options = options
    self.state = state
  }

  /// When to look next: at once, if nobody has yet.
  var due: Deadline { next.withLock { $0 } }

  /// - Returns: whether anything was fetched.
  func run(
    _ start: inout SignOn.Start, _ signOn: SignOn, person: any Person, until stop: any Stop
  ) throws(ClientFailure) -> Bool {
    next.withLock { $0 = .after(Self.interval) }
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
    do throws(ClientFailure) {
      try visits.run(&start) { (box) throws(ClientFailure) in
        try collecting.run(&box)
      }
      if let failure = collecting.failure { person.say("\(failure)") }
    } catch {
      guard !error.isInterruption else { throw error }
      // What had come by then has come.
      person.say("\(error)")
    }
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
    do throws(ClientFailure) {
      let handover = Handover(try signOn(for: service).copy(of: login))
      let hasBegun = WorkerThread.start { [self] in
        if let copy = handover.take() { look(as: copy, for: service) }
        isLooking.withLock { $0 = false }
      }
      if hasBegun { return }
    } catch {
      service.person.explain("the mailbox was not looked into: \(error)")
    }
    isLooking.withLock { $0 = false }
  }

  private func signOn(for service: ReceivingService) -> SignOn {
    .ofCopy(options.kdc, options.signIn, in: state, person: service.person)
  }

  private func look(as copy: consuming SignOn.Start, for service: ReceivingService) {
    var start = copy
    // An interruption is the end of the service.
    _ = try? run(&start, signOn(for: service), person: service.person, until: service.stop)
  }
}
