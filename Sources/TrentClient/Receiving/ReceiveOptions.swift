public import Wire

/// What a receiver is asked to do.
public struct ReceiveOptions: Sendable {
  /// Which KDC.
  public var kdc: KDCOptions
  /// Who receives, and how that is proven.
  public var signIn: SignInOptions
  /// Where it goes.
  public var output: OutputTarget
  /// Where an encrypted copy goes that only the user's passphrase opens.
  public var sealedCopy: String?
  /// Where to listen; 0 picks a free port.
  public var port: UInt16
  /// Addresses to announce besides those that are found out: hosts, each with the port that leads
  /// here, or 0 for the one that is listened on.
  public var announced: [HostAndPort]
  /// Whether to receive until stopped, several transfers at once.
  public var keeps = false
  /// What is taken, from whom.
  public var rules = TransferRules(senders: .all)
  /// What to do with a sender who has not been met before.
  public var newPeer: NewPeerPolicy
  /// For how long to wait for a sender whose transfer has broken off, to go on with it.
  public var retry = Interval.milliseconds(0)
  /// Whether to look first what waits with the home mailbox.
  public var fetchesFirst = false
  /// Whether a service has taken all of that before it listens: what is left with the mailbox is
  /// older than what comes in.
  var listensAfterFetching = false
  /// Is told how far the transfer has come.
  public var watcher: any TransferWatcher = SilentWatcher()

  /// What has to be said; the rest is as usual.
  public init(
    kdc: KDCOptions, signIn: SignInOptions, output: OutputTarget, sealedCopy: String? = nil,
    port: UInt16 = 60000, announced: [HostAndPort] = [], newPeer: NewPeerPolicy = .accept
  ) {
    self.kdc = kdc
    self.signIn = signIn
    self.output = output
    self.sealedCopy = sealedCopy
    self.port = port
    self.announced = announced
    self.newPeer = newPeer
  }
}
