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
    var link = try KDCLink(to: options.kdc, in: state, person: person)
    var signInOptions = options.signIn
    signInOptions.port = listener.port
    signInOptions.keepsSecret = options.sealedCopy != nil
    let signIn = SignIn(signInOptions, in: state, realm: link.realm, person: person)
    var login = try signIn.run(over: &link)
    let keeper = SealedCopyKeeper(options.sealedCopy, for: &login, in: link.realm)
    // The KDC is asked by datagrams now, for hours maybe.
    link.disconnect()

    let signals = try SignalWatch([SIGINT, SIGTERM])
    var presence = Presence(port: listener.port, extra: extra, person: person)
    try presence.begin(&login, over: &link)
    person.say("listening on port \(listener.port) as \(options.signIn.name)")
    var reception = Reception(
      listener, signals: signals, peers: KnownPeers(in: state, person: person),
      newPeers: NewPeers(policy: options.newPeer, person: person), person: person,
      now: link.clock.now)
    do throws(ClientFailure) {
      var transfer = try reception.awaitTransfer(&presence, &login, over: &link)
      try transfer.run(to: options.output, keeping: keeper)
    } catch {
      presence.end(&login, over: &link)
      throw error
    }
    presence.end(&login, over: &link)
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
