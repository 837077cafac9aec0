internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// Where peers come in: everybody who connects, until it has proven to be there by its first
/// record, within limits. Meanwhile the presence is kept fresh: one loop, one thread.
struct Doorway: ~Copyable {
  /// Somebody who has proven who it is, on a connection that waits for what is done about it.
  struct Caller: ~Copyable {
    enum News: ~Copyable {
      /// Its first record has come.
      case arrived(AcceptedSession)
      /// More of its list may have come.
      case listing(IncomingList)
    }

    let connection: HalfOpenConnection
    let news: News
  }

  /// How long to accept nobody when this machine is short of descriptors.
  private static let shortagePause = Interval.seconds(1)
  /// For the KDC's identity: other peers wait meanwhile.
  private static let successorPatience = Interval.seconds(3)
  /// An answer of a hundred bytes fits into every socket's empty buffer.
  private static let answerPatience = Interval.seconds(1)

  private var listener: Listener?
  private let signals: SignalWatch
  private let purpose: Purpose
  private let peers: KnownPeers
  private let newPeers: NewPeers
  private let person: any Person
  private(set) var halfOpen = HalfOpenConnections()
  private var cache: SessionReplayCache
  private var hasToldOfFullPins = false
  private var acceptsAfter = Deadline.after(.milliseconds(0))
  /// Where something has happened that has not been looked at; the next one last.
  private var ready: [Int32] = []

  /// - Parameter purpose: of the tickets that are taken.
  init(
    _ listener: consuming Listener, for purpose: Purpose, signals: SignalWatch, peers: KnownPeers,
    newPeers: NewPeers, person: any Person, now: Timestamp
  ) {
    self.listener = .some(listener)
    self.signals = signals
    self.purpose = purpose
    self.peers = peers
    self.newPeers = newPeers
    self.person = person
    cache = SessionReplayCache(now: now)
  }

  /// - Returns: the next one who is who the KDC says; nil when there was none by the end.
  mutating func awaitCaller(
    _ presence: inout Presence, _ login: inout Login, over link: inout KDCLink, until end: Deadline
  ) throws(ClientFailure) -> Caller? {
    while !end.hasPassed {
      if let descriptor = ready.popLast() {
        guard let connection = halfOpen[descriptor: descriptor] else {
          accept()
          continue
        }
        if let caller = serve(connection, &login.credential, &link) { return caller }
        continue
      }
      halfOpen.removeOverdue()
      if presence.due.hasPassed { try presence.refresh(&login, over: &link) }
      ready = try wait(until: min(presence.due, halfOpen.nextDeadline, end)).reversed()
    }
    return nil
  }

  /// Serves nobody else.
  mutating func close() {
    listener = nil
    halfOpen.removeAll()
  }

  /// A connection is somebody else's to go on with.
  mutating func handOver(_ connection: HalfOpenConnection) { halfOpen.remove(connection) }

  /// Closes a connection without a word.
  mutating func drop(_ connection: HalfOpenConnection, because reason: any Error) {
    halfOpen.remove(connection)
    let line = "a connection from \(connection.source) was closed: \(reason)"
    // What fails on this device is for its user to mend; no stranger brings that about.
    if reason is ClientFailure { person.say(line) } else { person.explain(line) }
  }

  /// Keeps a connection that has been told its last word until the other end has read it.
  mutating func linger(_ connection: HalfOpenConnection) {
    try? connection.stream.shutdownWriting()
    connection.goOn(.over)
    halfOpen.remove(connection)
    halfOpen.add(connection)
  }

  /// Tells a peer its last word.
  mutating func turnAway(
    _ session: inout PeerSession, on connection: HalfOpenConnection, with word: [UInt8]
  ) throws {
    let record = try session.seal(word.bytes)
    try connection.stream.sendPeerFrame(
      .record, payload: record.bytes, stallLimit: Self.answerPatience)
    linger(connection)
  }

  /// Pins a peer who is let in. One who is new and not wanted is told so.
  ///
  /// - Parameter asks: Whether a person may be asked about a new peer, later.
  /// - Returns: its fingerprint, when it is turned away.
  mutating func refusal(
    of session: inout PeerSession, on connection: HalfOpenConnection, in realm: Realm, asks: Bool,
    word: [UInt8]
  ) throws -> Fingerprint? {
    switch newPeers.verdict(on: session.peer) {
    case .admitted:
      try peers.pin(session.peer, in: realm, telling: person)
      return nil
    case .open where asks: return nil
    case .open, .refused:
      try turnAway(&session, on: connection, with: word)
      let fingerprint = NewPeers.fingerprint(of: session.peer, in: realm)
      person.say("refused \(session.peer.name), who is new, fingerprint \(fingerprint)")
      return fingerprint
    }
  }

  /// Pins a peer who is let in, as a service does that anybody may visit: as long as there is room
  /// for pins. Whoever comes after names without end is taken at the KDC's word.
  mutating func remember(_ peer: TrustedPeer, in realm: Realm) throws(ClientFailure) {
    guard !peer.isPinned else { return }
    if try peers.hasRoom(for: peer, in: realm) {
      return try peers.pin(peer, in: realm, telling: person)
    }
    if !hasToldOfFullPins { person.say("\(peers.path) is full: who is new is not pinned") }
    hasToldOfFullPins = true
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
  ) -> Caller? {
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
        let accepted = try expected.receive(frame.payload.bytes)
        return Caller(connection: connection, news: .arrived(accepted))
      case .listing(let list): return Caller(connection: connection, news: .listing(list))
      case .over:
        try discard(on: connection)
        return nil
      }
    } catch {
      drop(connection, because: error)
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
      to: frame.payload.bytes, purpose: purpose, cache: &cache,
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
