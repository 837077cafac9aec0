internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// The way to one KDC: a TCP connection for everything that is sealed to its epoch key, opened anew
/// when it has gone, and the clock that its authentic replies set.
struct KDCLink: ~Copyable {
  /// How long to wait for a connection, and for each answer.
  static let patience = Interval.seconds(10)
  private static let successorInterval = Interval.minutes(1)
  /// How many seconds in all to wait unasked when the KDC says to slow down.
  private static let patienceWhenBraked: UInt32 = 4

  let contact: KDCContact
  /// With the identity that is pinned now.
  private(set) var realm: Realm
  /// When to ask again whether the identity has been replaced.
  private var asksForSuccessorAfter = Deadline.after(.milliseconds(0))
  /// Where datagrams go: to the end of the last connection, or to the target's addresses; none
  /// before they have been looked up.
  var addresses: [NetworkAddress]
  private(set) var clock: KDCClock
  private let clockFile: ClockFile
  private var stream: StreamConnection?
  /// Nil until there has been a connection.
  private var epoch: VerifiedEpoch?

  var target: HostAndPort { contact.target }

  /// Makes the first contact, which may ask the person.
  init(
    to options: KDCOptions, in state: StateFolder, person: any Person
  ) throws(ClientFailure) {
    let contact = KDCContact(options, in: state, person: person)
    let clockFile = ClockFile(in: state, person: person)
    let opened: Opened
    do {
      opened = try Self.open(contact, clockFile, patience: Self.patience)
    } catch {
      throw error.failure(at: options.target)
    }
    realm = opened.epoch.realm
    clock = opened.clock
    addresses = [opened.address]
    epoch = opened.epoch
    stream = .some(opened.stream)
    self.contact = contact
    self.clockFile = clockFile
  }

  /// Without any contact, to a KDC that is pinned: for who is logged in and need ask by datagrams
  /// alone. Nil when there is no such pin.
  init?(
    toPinned options: KDCOptions, in state: StateFolder, person: any Person
  ) throws(ClientFailure) {
    let contact = KDCContact(options, in: state, person: person)
    guard let pin = try contact.known.pin(of: options.target),
      options.expected == nil || options.expected?.identity == pin.realm.identity
    else { return nil }
    let clockFile = ClockFile(in: state, person: person)
    clock = try clockFile.clock(of: pin.realm)
    realm = pin.realm
    addresses = []
    epoch = nil
    stream = nil
    self.contact = contact
    self.clockFile = clockFile
  }

  private struct Opened: ~Copyable {
    let stream: StreamConnection
    let address: NetworkAddress
    let epoch: VerifiedEpoch
    let clock: KDCClock
  }

  /// Steps E1 to E4: connects, asks for the epoch key and judges whose it is.
  private static func open(
    _ contact: KDCContact, _ clockFile: ClockFile, patience: Interval
  ) throws(KDCFailure) -> Opened {
    let stream = try dial(contact.target, patience)
    guard let address = stream.peerAddress else { throw .transport(.closedByPeer) }
    let announcement = try askForEpoch(over: stream, patience)
    let announced: AnnouncedEpoch
    do { announced = try AnnouncedEpoch(announcement.bytes) } catch { throw .exchange(error) }
    do throws(ClientFailure) {
      let pinned = try contact.trust(announced.identity)
      let clock = try clockFile.clock(of: pinned)
      let epoch = try accept(announced, pinned: pinned, clock, clockFile)
      return Opened(stream: stream, address: address, epoch: epoch, clock: clock)
    } catch {
      throw .client(error)
    }
  }

  static func dial(
    _ target: HostAndPort, _ patience: Interval
  ) throws(KDCFailure) -> StreamConnection {
    do throws(TransportFailure) {
      let addresses = try Resolver.resolve(host: target.host, port: target.port)
      return try .connect(toAny: addresses, deadline: .after(patience))
    } catch {
      throw .transport(error)
    }
  }

  static func askForEpoch(
    over stream: borrowing StreamConnection, _ patience: Interval
  ) throws(KDCFailure) -> [UInt8] {
    let request = AnnouncedEpoch.request
    do throws(TransportFailure) {
      try stream.sendKDCMessage(request.bytes, deadline: .after(patience))
      return try stream.receiveKDCMessage(deadline: .after(patience))
    } catch {
      throw .transport(error)
    }
  }

  private static func accept(
    _ announced: AnnouncedEpoch, pinned: Realm, _ clock: KDCClock, _ clockFile: ClockFile
  ) throws(ClientFailure) -> VerifiedEpoch {
    do {
      return try announced.accept(pinned: pinned, at: clock.trustedTime)
    } catch {
      let repair =
        clock.offset == nil
        ? "Compare the clocks of the KDC and of this machine, and try again."
        : "If the KDC's clock has been set since this machine last met it, remove "
          + "\(clockFile.path) and try again."
      throw ClientFailure(
        .kdcIdentity, "The KDC announces a key whose time is over or not yet come. " + repair)
    }
  }

  // MARK: Sealed exchanges

  /// One sealed exchange over TCP. When the connection has gone, or the KDC has forgotten the epoch
  /// key, it is begun once more over a new connection with a request made anew; and after a pause
  /// when the KDC asks for a short one.
  mutating func exchange<Next: ~Copyable, Value: ~Copyable>(
    _ ask: (VerifiedEpoch, Timestamp) throws(ExchangeFailure) -> Outgoing<Next>,
    _ read: (consuming Next, [UInt8]) throws(ExchangeFailure) -> Value
  ) throws(KDCFailure) -> Value {
    var patience = Self.patienceWhenBraked
    var isSecond = false
    while true {
      do {
        return try exchangeOnce(ask, read)
      } catch {
        switch error {
        case .transport(.closedByPeer) where !isSecond,
          .exchange(.failed(.epochUnknown)) where !isSecond:
          stream = nil
          isSecond = true
        case .exchange(.slowDown(let seconds)) where seconds <= patience:
          contact.person.explain("the KDC takes the next request in \(seconds) s")
          _ = try? Polling.wait(for: [], until: .after(.seconds(UInt64(seconds))))
          patience -= max(1, seconds)
        default: throw error
        }
      }
    }
  }

  /// The same without another try.
  mutating func exchangeOnce<Next: ~Copyable, Value: ~Copyable>(
    _ ask: (VerifiedEpoch, Timestamp) throws(ExchangeFailure) -> Outgoing<Next>,
    _ read: (consuming Next, [UInt8]) throws(ExchangeFailure) -> Value
  ) throws(KDCFailure) -> Value {
    try connect(patience: Self.patience)
    guard let epoch else { throw .exchange(.unexpectedReply) }
    do {
      let outgoing = try ask(epoch, clock.now)
      let answer = try roundTrip(outgoing.message, patience: Self.patience)
      return try read(outgoing.next, answer)
    } catch let error as ExchangeFailure {
      throw .exchange(error)
    } catch let error as KDCFailure {
      throw error
    } catch {
      throw .exchange(.unexpectedReply)
    }
  }

  /// Opens a connection if there is none.
  mutating func connect(patience: Interval) throws(KDCFailure) {
    switch stream {
    case .some: return
    case .none: break
    }
    let opened = try Self.open(contact, clockFile, patience: patience)
    guard opened.epoch.realm.id == realm.id else { throw .exchange(.identityChanged) }
    realm = opened.epoch.realm
    addresses = [opened.address]
    epoch = opened.epoch
    stream = .some(opened.stream)
  }

  /// Sends a message over the connection that there is, and waits for the answer.
  mutating func roundTrip(
    _ message: [UInt8], patience: Interval
  ) throws(KDCFailure) -> [UInt8] {
    let deadline = Deadline.after(patience)
    do throws(TransportFailure) {
      switch stream {
      case .none: throw .closedByPeer
      case .some(let stream):
        try stream.sendKDCMessage(message.bytes, deadline: deadline)
        return try stream.receiveKDCMessage(deadline: deadline)
      }
    } catch {
      stream = nil
      throw .transport(error)
    }
  }

  /// Asks the KDC whether its identity has been replaced: somebody has a certificate that is not of
  /// the pinned one. Once a minute at most, since peers can make us ask.
  ///
  /// - Returns: the realm with another identity than before; nil if there is none.
  mutating func successor(patience: Interval) -> Realm? {
    guard asksForSuccessorAfter.hasPassed else { return nil }
    asksForSuccessorAfter = .after(Self.successorInterval)
    let former = realm
    disconnect()
    do throws(KDCFailure) {
      try connect(patience: patience)
    } catch {
      contact.person.explain("the KDC's identity could not be asked for: \(error)")
      return nil
    }
    disconnect()
    return realm == former ? nil : realm
  }

  /// Lets the connection go: it serves for what is sealed, which is over.
  mutating func disconnect() { stream = nil }

  /// Takes over the time of an authentic reply.
  mutating func setClock(to time: Timestamp) {
    clock.set(to: time)
    do {
      try clockFile.save(clock, of: realm)
    } catch {
      contact.person.explain("the KDC's time could not be kept: \(error)")
    }
  }
}
