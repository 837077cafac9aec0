internal import KeyDistribution
public import Wire

/// What a sender is asked to do.
public struct SendOptions: Sendable {
  /// Which KDC.
  public var kdc: KDCOptions
  /// Who sends, and how that is proven.
  public var signIn: SignInOptions
  /// To whom.
  public var receiver: PrincipalName
  /// What is sent.
  public var input: Input
  /// What to do when the receiver has not been met before.
  public var newPeer: NewPeerPolicy
  /// For how long to try again when the KDC or the receiver cannot be reached, or the transfer
  /// breaks off.
  public var retry = Interval.milliseconds(0)
  /// Whether it may be left with a mailbox.
  public var mailbox = MailboxUse.whenAway(via: nil)
  /// Is told how far the transfer has come.
  public var watcher: any TransferWatcher = SilentWatcher()

  /// What has to be said; the rest is as usual.
  public init(
    kdc: KDCOptions, signIn: SignInOptions, receiver: PrincipalName, input: Input,
    newPeer: NewPeerPolicy = .accept
  ) {
    self.kdc = kdc
    self.signIn = signIn
    self.receiver = receiver
    self.input = input
    self.newPeer = newPeer
  }

  func checkReceiver() throws(ClientFailure) {
    guard receiver != signIn.name else {
      throw ClientFailure(.usage, "You cannot send to yourself.")
    }
  }
}

/// When something is left with a mailbox instead of being brought to its receiver.
public enum MailboxUse: Hashable, Sendable {
  /// It is brought to its receiver, or it is not sent.
  case never
  /// When the receiver cannot be reached: with the mailbox that it has set.
  case whenAway(via: PrincipalName?)
  /// With this one, or the one that the receiver has set.
  case always(via: PrincipalName?)
}

/// Sends to a user by name: done only when the receiver has confirmed that all of it is on its
/// disk, or a mailbox that it is on its own.
public struct Sender {
  private let options: SendOptions
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before `run`.
  public init(_ options: SendOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  /// Signs in, unless a kept login makes that needless, and sends. Blocks until it is done; the
  /// person is told what became of it.
  ///
  /// - Returns: the same, for a program.
  @discardableResult
  public func run() throws(ClientFailure) -> DeliveryOutcome {
    try options.checkReceiver()
    // A file that cannot be read is told before anybody is asked for a passphrase.
    var input = try InputSource(options.input, telling: person)
    let retries = Retries(for: options.retry, person: person)
    let signOn = SignOn(options.kdc, options.signIn, in: state, person: person)
    var start = try retries.run { () throws(ClientFailure) in try signOn.begin() }
    if options.retry == .milliseconds(0) { start.login.forgetAccount() }
    let delivery = Delivery(options, signOn, state: state, person: person)
    let outcome = try delivery.run(&input, &start, retries)
    switch outcome {
    case .received(let byteCount, let peer):
      person.say(
        "sent \(input.shownName) (\(byteCount.inBytes)) to \(options.receiver), verified: "
          + peer.proof)
    case .left(let mailbox, let peer):
      person.say(
        "left \(input.shownName) with \(mailbox) for \(options.receiver), who can fetch it there; "
          + "sealed for \(peer.key)")
    }
    return outcome
  }
}
