internal import FileTransfer
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Receives one file from any user of the realm.
public struct Receiver {
  private let options: ReceiveOptions
  private let state: StateFolder
  private let person: any Person

  public init(_ options: ReceiveOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  public func run() throws(ClientFailure) {
    try options.output.check()
    if let copy = options.sealedCopy { try OutputTarget.file(copy).check() }
    let listener = try listen()
    let extra = try resolveAnnounced(port: listener.port)
    var signInOptions = options.signIn
    signInOptions.port = listener.port
    signInOptions.keepsSecret = options.sealedCopy != nil
    let signOn = SignOn(options.kdc, signInOptions, in: state, person: person)
    var start = try signOn.begin()
    let keeper = SealedCopyKeeper(options.sealedCopy, for: &start.login, in: start.link.realm)

    let signals = try SignalWatch([SIGINT, SIGTERM])
    var presence = Presence(port: listener.port, extra: extra, signOn, person: person)
    try presence.begin(&start.login, over: &start.link)
    person.say("listening on port \(listener.port) as \(options.signIn.name)")
    var reception = Reception(
      listener, signals: signals, peers: KnownPeers(in: state, person: person),
      newPeers: NewPeers(policy: options.newPeer, person: person), person: person,
      now: start.link.clock.now)
    do throws(ClientFailure) {
      var transfer = try reception.awaitTransfer(&presence, &start.login, over: &start.link)
      try transfer.run(to: options.output, keeping: keeper)
    } catch {
      presence.end(&start.login, over: &start.link)
      throw error
    }
    presence.end(&start.login, over: &start.link)
  }

  private func listen() throws(ClientFailure) -> Listener {
    do {
      return try Listener(port: options.port)
    } catch {
      throw ClientFailure(
        .other, "\(error) If another program listens there, choose another port with -l.")
    }
  }

  private func resolveAnnounced(port: UInt16) throws(ClientFailure) -> [NetworkAddress] {
    do throws(TransportFailure) {
      var addresses: [NetworkAddress] = []
      for place in options.announced {
        addresses += try Resolver.resolve(
          host: place.host, port: place.port == 0 ? port : place.port)
      }
      return addresses
    } catch {
      throw ClientFailure(.usage, "--announce: \(error)")
    }
  }
}
