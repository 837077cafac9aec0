public import KeyDistribution
internal import SecretMemory
public import Wire

/// A user who is logged in at a KDC: sends to names, and makes sessions with them.
///
/// For programs that do more than one thing with a login; `Sender` and `Receiver` are for those
/// that do one. Everything blocks the thread that it is called on, for as long as the network and
/// the other end take. A client belongs to one thread at a time: it has one owner, and cannot be
/// copied. When its login is over it gets another one by the file that it was given; where there
/// is none, by asking its person.
public struct Client: ~Copyable {
  /// What to do with a receiver who has not been met before.
  public var newPeer = NewPeerPolicy.accept

  private let kdc: KDCOptions
  private let signIn: SignInOptions
  private let state: StateFolder
  private let person: any Person
  private let signOn: SignOn
  private var start: SignOn.Start

  /// Logs in: by the login that `client login` or ``KeptLogins`` keeps where the secret is a
  /// person's passphrase, else by steps E1 to E4, S1 and L1 to L3 of the protocol, registering the
  /// name first if `signIn` says so.
  ///
  /// - Parameters:
  ///   - state: what is remembered between programs: pins, identity key, kept logins.
  ///   - person: is asked what the options leave open.
  public init(
    _ kdc: KDCOptions, _ signIn: SignInOptions, state: StateFolder, person: any Person = Nobody()
  ) throws(ClientFailure) {
    self.kdc = kdc
    self.signIn = signIn
    self.state = state
    self.person = person
    signOn = SignOn(kdc, signIn, in: state, person: person)
    start = try signOn.begin()
    // For hours: if it is needed again, the file is read again.
    start.login.forgetAccount()
  }

  /// The name that is logged in.
  public var name: PrincipalName { start.login.credential.name }

  /// The realm, with the identity of the KDC that is pinned now.
  public var realm: Realm { start.link.realm }

  /// Sends to a name (steps T1 to T5, P1 to P3, F1 to F4), or leaves it with a mailbox (G1, V1,
  /// V2).
  ///
  /// - Parameters:
  ///   - mailbox: whether it may be left there when the receiver is away.
  ///   - retry: for how long to try again what may pass.
  ///   - watcher: is told how far it has come, on this thread.
  /// - Returns: once all of it is on the receiver's disk, or on the mailbox's.
  public mutating func send(
    _ input: Input, to receiver: PrincipalName,
    mailbox: MailboxUse = .whenAway(via: nil), retry: Interval = .milliseconds(0),
    watcher: any TransferWatcher = SilentWatcher()
  ) throws(ClientFailure) -> DeliveryOutcome {
    var options = SendOptions(
      kdc: kdc, signIn: signIn, receiver: receiver, input: input, newPeer: newPeer)
    options.mailbox = mailbox
    options.retry = retry
    options.watcher = watcher
    try options.checkReceiver()
    var source = try InputSource(input, telling: person)
    let delivery = Delivery(options, signOn, state: state, person: person)
    return try delivery.run(&source, &start, Retries(for: retry, person: person))
  }

  /// Connects to a name that receives (T1 to T5, then P1 to P3): for who speaks FileTransfer, or
  /// something else, over the session. The receiver is pinned.
  public mutating func connect(to receiver: PrincipalName) throws(ClientFailure) -> PeerConnection {
    let finder = PeerFinder(
      receiver, signOn, state: state, newPeers: newPeers, person: person)
    return try finder.connect(&start.login, over: &start.link)
  }

  /// Asks the KDC for a session key and a ticket for a name that receives (T1 to T5), judges its
  /// keys (U1 to U4, U6), and goes no further: for who has connections of its own.
  ///
  /// A ticket lasts five minutes and is for one session. When that has come about, pass it to
  /// ``pin(_:)``.
  public mutating func requestSession(
    with receiver: PrincipalName
  ) throws(ClientFailure) -> RequestedSession {
    let tickets = PeerTickets(
      for: receiver, .session, signOn, state: state, newPeers: newPeers, person: person)
    let ticket = try tickets.next(&start.login, over: &start.link)
    let (addresses, peer) = (ticket.grant.addresses, ticket.peer)
    do {
      let outgoing = try start.login.credential.startSession(
        ticket.grant, with: peer, ephemeral: ticket.ephemeral)
      return RequestedSession(addresses: addresses, peer: peer, outgoing: outgoing)
    } catch {
      throw ClientFailure(.other, "The session with \(receiver) cannot be begun: \(error).")
    }
  }

  /// Pins the peer of a session (U5), so that from now on nobody else can be told to be it. That
  /// there is a session is the proof that the peer was there.
  public func pin(_ session: borrowing PeerSession) throws(ClientFailure) {
    try KnownPeers(in: state, person: person).pin(session.peer, in: realm, telling: person)
  }

  private var newPeers: NewPeers { NewPeers(policy: newPeer, person: person) }
}
