internal import KeyDistribution
public import Wire

/// What a sender is asked to do.
public struct SendOptions: Sendable {
  public var kdc: KDCOptions
  public var signIn: SignInOptions
  public var receiver: PrincipalName
  public var input: Input
  /// What to do when the receiver has not been met before.
  public var newPeer: NewPeerPolicy
  /// Is told how far the transfer has come.
  public var progress: any TransferProgress = SilentProgress()

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
}

/// Sends to a user by name: done only when the receiver has confirmed that all of it is on
/// its disk.
public struct Sender {
  private let options: SendOptions
  private let state: StateFolder
  private let person: any Person

  public init(_ options: SendOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  public func run() throws(ClientFailure) {
    guard options.receiver != options.signIn.name else {
      throw ClientFailure(.usage, "You cannot send to yourself.")
    }
    // A file that cannot be read is told before anybody is asked for a passphrase.
    var input = try InputSource(options.input, telling: person)
    let signOn = SignOn(options.kdc, options.signIn, in: state, person: person)
    var start = try signOn.begin()
    let finder = ReceiverFinder(
      options.receiver, signOn, state: state,
      newPeers: NewPeers(policy: options.newPeer, person: person), person: person)
    let connection = try finder.connect(&start.login, over: &start.link)
    var transfer = OutgoingTransfer(connection, progress: options.progress)
    let count = try transfer.run(&input)
    person.say("sent \(input.shownName) (\(count) bytes) to \(options.receiver), verified")
  }
}
