internal import FileTransfer
internal import Glibc
internal import KeyDistribution
internal import LocalSockets
internal import SecretMemory
internal import Transport
internal import Wire

/// Receives from users of the realm: one transfer that the rules accept, or, as a service, all of
/// them until it is stopped.
public struct Receiver {
  private let options: ReceiveOptions
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before `run`.
  public init(_ options: ReceiveOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  /// Signs in, listens, and receives: one transfer, or with `ReceiveOptions.keeps` until SIGINT or
  /// SIGTERM comes, which it watches for meanwhile. Blocks.
  public func run() throws(ClientFailure) {
    let place = try place()
    guard options.keeps else {
      let signOn = signOn(at: place.listener.port)
      return try run(at: place, signOn, try signOn.begin(), nil)
    }
    let parts = try serviceParts()
    let receiver = Receiver(options, state: state, person: parts.person)
    let signOn = receiver.signOn(at: place.listener.port)
    try receiver.run(at: place, signOn, try signOn.begin(), parts)
  }

  /// The same with a login that there is, as a service.
  ///
  /// - Parameter signOn: renews it.
  func serve(
    at place: consuming ListeningPlace, _ signOn: SignOn, _ start: consuming SignOn.Start
  ) throws(ClientFailure) {
    let parts = try serviceParts()
    try Receiver(options, state: state, person: parts.person).run(at: place, signOn, start, parts)
  }

  /// Where to listen, once it is clear that there is a place for what comes.
  func place() throws(ClientFailure) -> ListeningPlace {
    try options.output.check()
    if let copy = options.sealedCopy { try OutputTarget.file(copy).check() }
    return try ListeningPlace(port: options.port, announced: options.announced)
  }

  private func signOn(at port: UInt16) -> SignOn {
    var signIn = options.signIn
    signIn.port = port
    signIn.keepsSecret = options.sealedCopy != nil
    return SignOn(options.kdc, signIn, in: state, person: person)
  }

  /// What a service needs besides.
  private typealias ServiceParts = (stop: ServiceStop, person: SharedPerson)

  private func serviceParts() throws(ClientFailure) -> ServiceParts {
    let stop = try ServiceStop()
    return (stop, SharedPerson(person, until: stop))
  }

  private func run(
    at place: consuming ListeningPlace, _ signOn: SignOn, _ start: consuming SignOn.Start,
    _ parts: ServiceParts?
  ) throws(ClientFailure) {
    let port = place.listener.port
    var start = start
    let keeper = SealedCopyKeeper(options.sealedCopy, for: &start.login, in: start.link.realm)

    let look = options.fetchesFirst ? HomeLook(options, state: state) : nil
    if let look, parts == nil,
      try look.run(&start, signOn, person: person, until: NoStop())
    {
      return
    }

    let signals = try SignalWatch([SIGINT, SIGTERM])
    var presence = Presence(
      port: port, extra: place.extra, signOn, staysOn: options.keeps, person: person)
    try presence.begin(&start.login, over: &start.link)
    if let look, options.listensAfterFetching {
      do throws(ClientFailure) {
        _ = try look.run(&start, signOn, person: person, until: signals)
      } catch {
        // A signal, which is a good end.
        return presence.end(&start.login, over: &start.link)
      }
    }
    tellOfListening(on: port, &start)
    let peers = KnownPeers(in: state, person: person)
    let newPeers = NewPeers(policy: options.newPeer, person: person)
    let service = parts.map {
      ReceivingService(
        options, in: start.link.realm, state: state, stop: $0.stop, person: $0.person)
    }
    let doorway = Doorway(
      place.listener, for: .session, signals: signals, peers: peers, newPeers: newPeers,
      person: person, now: start.link.clock.now)
    var reception = Reception(
      doorway, signals: signals, person: person, options.watcher, for: service)
    guard let service else {
      let placing = ContentPlacing(
        options, for: options.signIn.name, in: start.link.realm, keeper, newPeers: newPeers, peers,
        person)
      do throws(ClientFailure) {
        try receiveOne(&reception, placing, &presence, &start)
      } catch {
        presence.end(&start.login, over: &start.link)
        throw error
      }
      return presence.end(&start.login, over: &start.link)
    }
    try receiveAll(&reception, service, &presence, &start, look)
  }

  /// Receives until a signal comes, which is a good end, or the KDC says that there is no going on.
  private func receiveAll(
    _ reception: inout Reception, _ service: ReceivingService, _ presence: inout Presence,
    _ start: inout SignOn.Start, _ look: HomeLook?
  ) throws(ClientFailure) {
    let end: ClientFailure?
    do throws(ClientFailure) {
      while true {
        let transfer = try reception.awaitTransfer(
          &presence, &start.login, over: &start.link, until: look?.due ?? .never)
        if let transfer {
          service.begin(transfer, &reception)
        } else {
          look?.begin(as: start.login.credential, for: service)
        }
      }
    } catch {
      end = error
    }
    reception.close()
    service.stop.stop()
    presence.end(&start.login, over: &start.link)
    service.slots.waitForAll(service.person)
    if let end, !end.isInterruption { throw end }
  }

  private func tellOfListening(on port: UInt16, _ start: inout SignOn.Start) {
    let told = "listening on port \(port) as \(options.signIn.name)"
    person.say(told)
    ServiceNotifier()?.tell(.ready, status: told)
    if options.rules.asksAboutAll, !person.isPresent {
      person.say(
        "there is no terminal to ask at: everything is refused without --accept-from or "
          + "--accept-all")
    }
    options.watcher.listens(on: port, as: options.signIn.name)
    // Who says where senders come in knows more than the KDC sees.
    if options.announced.isEmpty {
      ReachNotice(port: port, person: person).ask(&start.login, over: &start.link)
    }
  }

  /// What became of an offer.
  private enum Outcome {
    case received
    /// Its sender has been told so.
    case refused
    /// It can be gone on with.
    case brokenOff(ClientFailure)
  }

  /// Waits for offers until one has been received.
  private func receiveOne(
    _ reception: inout Reception, _ placing: ContentPlacing, _ presence: inout Presence,
    _ start: inout SignOn.Start
  ) throws(ClientFailure) {
    var end = Deadline.never
    var failure = ClientFailure(.other, "Nobody has sent anything.")
    while var transfer = try reception.awaitTransfer(
      &presence, &start.login, over: &start.link, until: end)
    {
      switch try receive(&transfer, placing, &reception) {
      case .received: return
      case .refused: continue
      case .brokenOff(let reason):
        person.say("\(reason) Waiting for \(transfer.sender) to go on.")
        failure = reason
        end = .after(options.retry)
        // Meanwhile the KDC may have forgotten it.
        try presence.refresh(&start.login, over: &start.link)
      }
    }
    throw failure
  }

  private func receive(
    _ transfer: inout IncomingTransfer, _ placing: ContentPlacing, _ reception: inout Reception
  ) throws(ClientFailure) -> Outcome {
    let content: IncomingContent
    do throws(Refusal) {
      content = try placing.content(for: transfer.offered)
    } catch {
      transfer.refuse(error.reason)
      reception.linger(transfer.connection)
      person.say("refused \(transfer.shown) from \(transfer.sender): \(error.word)")
      options.watcher.refused(transfer.sender, transfer.manifest, because: error.word)
      if let failure = error.failure { throw failure }
      return .refused
    }
    let mayGoOn = content.isResumable && options.retry > .milliseconds(0)
    if !mayGoOn { reception.close() }
    do throws(ClientFailure) {
      try transfer.run(content, sizeLimit: options.rules.maxSize, watcher: options.watcher)
    } catch {
      guard mayGoOn, error.isPassing else { throw error }
      return .brokenOff(error)
    }
    return .received
  }
}
