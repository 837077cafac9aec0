internal import Glibc
internal import KeyDistribution
internal import LocalSockets
internal import SecretMemory
internal import Transport
internal import Wire

/// A principal that serves others: it signs in, says what it serves and where, and gives each
/// session to a thread of its own, so that whatever a peer does, or does not do, only its own
/// session is concerned.
public struct ServiceHost {
  /// How many sessions there are at a time, and of one peer.
  private static let sessionLimit = 64
  private static let sessionLimitPerPeer = 4

  private let options: ServiceHostOptions
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before `run`.
  public init(_ options: ServiceHostOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  /// Serves until SIGINT or SIGTERM comes, which is a good end, or the KDC says that there is no
  /// going on.
  ///
  /// - Parameter serve: is called for each session, on a thread of its own.
  public func run(
    _ serve: @escaping @Sendable (consuming ServiceSession) -> Void
  ) throws(ClientFailure) {
    let stop = try ServiceStop()
    let person = SharedPerson(person, until: stop)
    let place = try ListeningPlace(port: options.port, announced: options.announced)
    let port = place.listener.port
    var signIn = options.signIn
    signIn.port = port
    let signOn = SignOn(options.kdc, signIn, in: state, person: person)
    var start = try signOn.begin()
    let signals = try SignalWatch([SIGINT, SIGTERM])
    var presence = Presence(
      port: port, extra: place.extra, signOn, service: options.service, staysOn: true,
      person: person)
    try presence.begin(&start.login, over: &start.link)
    person.say("listening on port \(port) as \(signIn.name)")
    let manager = ServiceNotifier()
    manager?.tell(.ready, status: "listening on port \(port) as \(signIn.name)")
    defer { manager?.tell(.stopping) }
    // Who says where peers come in knows more than the KDC sees.
    if options.announced.isEmpty {
      ReachNotice(port: port, person: person).ask(&start.login, over: &start.link)
    }
    var doorway = Doorway(
      place.listener, for: .service, signals: signals, peers: KnownPeers(in: state, person: person),
      newPeers: NewPeers(policy: .accept, person: person), person: person,
      now: start.link.clock.now)
    let slots = TransferSlots(limit: Self.sessionLimit, perSender: Self.sessionLimitPerPeer)
    let end: ClientFailure?
    do throws(ClientFailure) {
      while let caller = try doorway.awaitCaller(
        &presence, &start.login, over: &start.link, until: .never)
      {
        begin(caller, &doorway, start.login.credential.realm, slots, stop, person, serve)
      }
      end = nil
    } catch {
      end = error
    }
    doorway.close()
    stop.stop()
    presence.end(&start.login, over: &start.link)
    slots.waitForAll(person)
    if let end, !end.isInterruption { throw end }
  }

  /// Begins a session, or tells its peer that there are too many.
  private func begin(
    _ caller: consuming Doorway.Caller, _ doorway: inout Doorway, _ realm: Realm,
    _ slots: TransferSlots, _ stop: ServiceStop, _ person: SharedPerson,
    _ serve: @escaping @Sendable (consuming ServiceSession) -> Void
  ) {
    let connection = caller.connection
    let news = caller.news
    do {
      switch consume news {
      case .arrived(let accepted):
        let first = accepted.firstRecord.duplicate()
        var session = accepted.session
        let peer = session.peer.name
        guard slots.take(for: peer) else {
          person.say("refused \(peer): too many sessions at once")
          return try doorway.turnAway(&session, on: connection, with: options.busy)
        }
        do {
          try doorway.remember(session.peer, in: realm)
        } catch {
          slots.release(peer)
          throw error
        }
        doorway.handOver(connection)
        let handover = Handover(
          ServiceSession(session, first: first, on: connection, stop: stop))
        let hasBegun = WorkerThread.start {
          if let session = handover.take() { serve(session) }
          slots.release(peer)
        }
        if hasBegun { return }
        slots.release(peer)
        person.say("refused \(peer): this machine has no thread left")
        guard let unserved = handover.take() else { return }
        var rest = unserved.withdrawn()
        try doorway.turnAway(&rest, on: connection, with: options.busy)
      // Nobody tells a list to a service.
      case .listing: throw PeerFailure.record
      }
    } catch {
      doorway.drop(connection, because: error)
    }
  }
}
