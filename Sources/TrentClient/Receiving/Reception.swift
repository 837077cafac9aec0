internal import Cryptography
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// Waits for an authenticated sender's offer. Meanwhile it serves everybody who connects, within
/// limits, and keeps the presence fresh: one loop, one thread.
struct Reception: ~Copyable {
  /// How long to accept nobody when this machine is short of descriptors.
  private static let shortagePause = Interval.seconds(1)
  /// For the KDC's identity: other senders wait meanwhile.
  private static let successorPatience = Interval.seconds(3)
  /// An answer of a hundred bytes fits into every socket's empty buffer.
  private static let answerPatience = Interval.seconds(1)

  private var listener: Listener?
  private let signals: SignalWatch
  private let peers: KnownPeers
  private let newPeers: NewPeers
  private let person: any Person
  private let watcher: any TransferWatcher
  private var halfOpen = HalfOpenConnections()
  private var cache: SessionReplayCache
  /// For a service, which tells its transfers by itself when to end.
  private let service: ReceivingService?
  private var acceptsAfter = Deadline.after(.milliseconds(0))

  init(
    _ listener: consuming Listener, signals: SignalWatch, peers: KnownPeers, newPeers: NewPeers,
    person: any Person, _ watcher: any TransferWatcher, now: Timestamp,
    for service: ReceivingService?
  ) {
    self.listener = .some(listener)
    self.signals = signals
    self.peers = peers
    self.newPeers = newPeers
    self.person = person
    self.watcher = watcher
    self.service = service
    cache = SessionReplayCache(now: now)
  }

  /// - Returns: the next offer, with its whole list, of a sender who is who the KDC says; nil when
  ///   there was none by the end.
  mutating func awaitTransfer(
    _ presence: inout Presence, _ login: inout Login, over link: inout KDCLink, until end: Deadline
  ) throws(ClientFailure) -> IncomingTransfer? {
    while !end.hasPassed {
      for descriptor in try wait(until: min(presence.due, halfOpen.nextDeadline, end)) {
        if let connection = halfOpen[descriptor: descriptor] {
          if let transfer = serve(connection, &login.credential, &link) {
            halfOpen.remove(connection)
            return transfer
          }
        } else {
          accept()
        }
      }
      halfOpen.removeOverdue()
      if presence.due.hasPassed { try presence.refresh(&login, over: &link) }
    }
    return nil
  }

  /// Serves nobody else.
  mutating func close() {
    listener = nil
    halfOpen.removeAll()
  }

  /// Keeps a connection that has been told its last word until the other end has read it.
  mutating func linger(_ connection: HalfOpenConnection) {
    try? connection.stream.shutdownWriting()
    connection.goOn(.over)
    halfOpen.remove(connection)
    halfOpen.add(connection)
  }

  /// The descriptors on which something has happened.
  private func wait(until deadline: Deadline) throws(ClientFailure) -> [Int32] {
    var interests = halfOpen.interests + [Polling.Interest(signals.descriptor, .readable)]
    var deadline = deadline
    if acceptsAfter.hasPassed {
      switch listener {
      case .some(let listener): interests.append(.init(listener.descriptor, .readable))
      case .none: break
      }
    } else {
      deadline = min(deadline, acceptsAfter)
    }
    do {
      let ready = try Polling.wait(for: interests, until: deadline).map(\.descriptor)
      try signals.check()
      return ready.filter { $0 != signals.descriptor }
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw ClientFailure(.other, "\(error)")
    }
  }

  private mutating func accept() {
    do {
      while let stream = try nextConnection() {
        guard let source = stream.peerAddress else { continue }
        halfOpen.add(HalfOpenConnection(stream, from: source))
      }
    } catch {
      person.explain("a connection could not be accepted: \(error)")
      if !halfOpen.removeOldest() { acceptsAfter = .after(Self.shortagePause) }
    }
  }

  private func nextConnection() throws(TransportFailure) -> StreamConnection? {
    switch listener {
    case .some(let listener): try listener.accept()
    case .none: nil
    }
  }

  /// Takes in what has come. Whatever is wrong closes the connection without a word.
  private mutating func serve(
    _ connection: HalfOpenConnection, _ credential: inout Credential, _ link: inout KDCLink
  ) -> IncomingTransfer? {
    do {
      switch connection.takeStage() {
      case .connected:
        connection.goOn(.connected)
        guard let frame = try connection.receiveAvailable() else { return nil }
        guard frame.type == .handshakeMessage1 else { throw PeerFailure.handshake }
        defer { credential.adopt(link.realm) }
        try answer(frame, on: connection, credential, &link)
        return nil
      case .answered(let expected):
        guard let frame = try connection.receiveAvailable() else {
          connection.goOn(.answered(expected))
          return nil
        }
        guard frame.type == .record else { throw PeerFailure.handshake }
        try begin(try expected.receive(frame.payload.bytes), on: connection, credential.realm)
        return nil
      case .listing(let list): return try goOn(list, on: connection)
      case .over:
        try discard(on: connection)
        return nil
      }
    } catch {
      halfOpen.remove(connection)
      person.explain("a connection from \(connection.source) was closed: \(error)")
      return nil
    }
  }

  /// Step P2.
  private mutating func answer(
    _ frame: PeerFrame, on connection: HalfOpenConnection, _ credential: borrowing Credential,
    _ link: inout KDCLink
  ) throws {
    var random = SystemRandom()
    let clock = link.clock
    let outgoing = try credential.respond(
      to: frame.payload.bytes, cache: &cache,
      pinned: { [peers] name throws(PeerFailure) in
        try peers.identity(of: name, in: credential.realm)
      },
      successor: { link.successor(patience: Self.successorPatience) },
      ephemeral: AgreementKey(privateKey: random.secret(AgreementKey.byteCount)),
      at: PeerTrust.Clocks(kdc: clock.now, own: SystemClock.now))
    let message = outgoing.message
    try connection.stream.sendPeerFrame(
      .handshakeMessage2, payload: message.bytes, stallLimit: Self.answerPatience)
    connection.goOn(.answered(outgoing.next))
  }

  /// The sender has proven to be there: only now is its offer read, and is it pinned. One who is
  /// new and not wanted is told so; a person who has to be asked is asked when the list is there.
  private mutating func begin(
    _ accepted: consuming AcceptedSession, on connection: HalfOpenConnection, _ realm: Realm
  ) throws {
    let offer = try Offer(accepted.firstRecord.bytes)
    let peer = accepted.session.peer
    switch newPeers.verdict(on: peer) {
    case .admitted: try peers.pin(peer, in: realm, telling: person)
    case .open: break
    case .refused:
      var session = accepted.session
      try refuse(.declined, &session, on: connection)
      let fingerprint = NewPeers.fingerprint(of: peer, in: realm)
      person.say("refused \(peer.name), who is new, fingerprint \(fingerprint)")
      watcher.refused(peer.name, nil, because: "new, fingerprint \(fingerprint)")
      return
    }
    let others = halfOpen.listingCount(of: peer.name)
    guard halfOpen.listingCount < IncomingList.limit,
      service?.slots.hasRoom(for: peer.name, besides: others) ?? true
    else {
      if service != nil {
        person.say("refused \(peer.name): too many transfers at once")
        watcher.refused(peer.name, nil, because: "too many transfers at once")
      }
      var session = accepted.session
      return try refuse(.busy, &session, on: connection)
    }
    connection.goOn(.listing(IncomingList(offer, session: accepted.session)))
  }

  /// Takes the next part of the list, if it is there.
  private mutating func goOn(
    _ list: consuming IncomingList, on connection: HalfOpenConnection
  ) throws -> IncomingTransfer? {
    var list = list
    guard let frame = try connection.receiveAvailable() else {
      connection.goOn(.listing(list))
      return nil
    }
    guard frame.type == .record else { throw PeerFailure.record }
    do {
      try list.take(frame.payload.bytes)
      guard list.isComplete else {
        connection.goOn(.listing(list))
        return nil
      }
      let manifest = try list.manifest()
      return IncomingTransfer(
        list, manifest, from: connection, stop: service?.stop ?? signals, person: person)
    } catch let fault as ManifestFault {
      person.say("refused what \(list.session.peer.name) offers: \(fault)")
      watcher.refused(list.session.peer.name, nil, because: "\(fault)")
      try refuse(.unacceptable, &list.session, on: connection)
      return nil
    }
  }

  private mutating func refuse(
    _ reason: TransferReason, _ session: inout PeerSession, on connection: HalfOpenConnection
  ) throws {
    let answer = Answer.refused(reason).encoded()
    let record = try session.seal(answer.bytes)
    try connection.stream.sendPeerFrame(
      .record, payload: record.bytes, stallLimit: Self.answerPatience)
    linger(connection)
  }

  /// Reads past what a sender says that has had its last word.
  private mutating func discard(on connection: HalfOpenConnection) throws {
    var waste = [UInt8](repeating: 0, count: 1 << 16)
    var elements = waste.mutableSpan
    var bytes = unsafe elements.mutableBytes
    if let count = try connection.stream.readAvailable(into: &bytes), count == 0 {
      halfOpen.remove(connection)
    }
  }
}
