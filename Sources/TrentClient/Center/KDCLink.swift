internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// The way to one KDC, at one place of several: a TCP connection for everything that is sealed to
/// its epoch key, opened anew when it has gone, and the clock that its authentic replies set.
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
  /// Where the KDC is, and who answers.
  var places: KDCPlaces
  /// Where datagrams go, by place: to the end of the last connection, or to the addresses that were
  /// looked up.
  var addresses: [HostAndPort: [NetworkAddress]] = [:]
  private(set) var clock: KDCClock
  private let clockFile: ClockFile
  private let placeFile: PlaceFile
  private var stream: StreamConnection?
  /// With which place the present exchange is, or the last one was.
  var current: HostAndPort?
  /// Whether the connection is of before the present exchange, and may have been closed meanwhile.
  private var mayHaveIdled = false
  /// Nil until there has been a connection.
  private var epoch: VerifiedEpoch?

  var target: KDCTarget { contact.options.target }

  /// The addresses of the place that the last exchange was with.
  var currentAddresses: [NetworkAddress] { current.flatMap { addresses[$0] } ?? [] }

  /// Makes the first contact, which may ask the person.
  init(
    to options: KDCOptions, in state: StateFolder, person: any Person
  ) throws(ClientFailure) {
    let contact = KDCContact(options, in: state, person: person)
    let clockFile = ClockFile(in: state, person: person)
    let placeFile = PlaceFile(in: state, person: person)
    let pin = try contact.known.pin(of: options.target)
    var places = KDCPlaces(
      options.target, preferred: pin.flatMap { pin in try? placeFile.place(in: pin.realm) })
    let opened: Opened
    do {
      opened = try Self.open(contact, &places, clockFile, patience: Self.patience)
    } catch {
      throw error.failure(at: options.target)
    }
    realm = opened.epoch.realm
    clock = opened.clock
    addresses = [opened.place: [opened.address]]
    current = opened.place
    epoch = opened.epoch
    stream = .some(opened.stream)
    self.places = places
    self.contact = contact
    self.clockFile = clockFile
    self.placeFile = placeFile
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
    placeFile = PlaceFile(in: state, person: person)
    places = KDCPlaces(options.target, preferred: try? placeFile.place(in: pin.realm))
    epoch = nil
    stream = nil
    self.contact = contact
    self.clockFile = clockFile
  }

  private struct Opened: ~Copyable {
    let stream: StreamConnection
    let place: HostAndPort
    let address: NetworkAddress
    let epoch: VerifiedEpoch
    let clock: KDCClock
  }

  /// Steps E1 to E4: connects, asks for the epoch key and judges whose it is. The first place to
  /// answer is the one; if it is not the KDC that is pinned, no other place makes up for it.
  private static func open(
    _ contact: KDCContact, _ places: inout KDCPlaces, _ clockFile: ClockFile, patience: Interval
  ) throws(KDCFailure) -> Opened {
    try places.lookUp()
    let answer = try PlaceRace.first(of: places.inOrder, patience: patience)
    let place = answer.place
    let announced = answer.announced
    let stream = answer.takeStream()
    guard let address = stream.peerAddress else { throw .transport(.closedByPeer) }
    do throws(ClientFailure) {
      let pinned = try contact.trust(announced.identity, at: place.name)
      let clock = try clockFile.clock(of: pinned)
      let epoch = try accept(announced, pinned: pinned, clock, clockFile)
      return Opened(stream: stream, place: place.at, address: address, epoch: epoch, clock: clock)
    } catch {
      throw .client(error)
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
  /// key, it is begun once more over a new connection with a request made anew; with another place
  /// when one cannot do it; and after a pause when the KDC asks for a short one.
  mutating func exchange<Next: ~Copyable, Value: ~Copyable>(
    _ ask: (VerifiedEpoch, Timestamp) throws(ExchangeFailure) -> Outgoing<Next>,
    _ read: (consuming Next, [UInt8]) throws(ExchangeFailure) -> Value
  ) throws(KDCFailure) -> Value {
    var patience = Self.patienceWhenBraked
    var isSecond = false
    begin()
    while true {
      do {
        return try exchangeOnce(ask, read)
      } catch {
        if goesOn(after: error, &isSecond) { continue }
        guard case .exchange(.slowDown(let told)) = error else { throw error }
        // Anybody on the way can say so, and say none.
        let seconds = max(1, told)
        guard seconds <= patience else { throw error }
        contact.person.explain("the KDC takes the next request in \(seconds) s")
        _ = try? Polling.wait(for: [], until: .after(.seconds(UInt64(seconds))))
        patience -= seconds
      }
    }
  }

  /// Begins an exchange, for which every place may be tried.
  mutating func begin() {
    places.begin()
    mayHaveIdled = true
  }

  /// Whether an exchange is to be begun anew: once over another connection to the same place, which
  /// may have closed one that was idle, and then with each other place.
  mutating func goesOn(after failure: KDCFailure, _ isSecond: inout Bool) -> Bool {
    let hasOther = current.map { places.hasOther(than: $0) } ?? false
    switch failure {
    case .exchange(.failed(.epochUnknown)) where !isSecond,
      .transport(.closedByPeer) where !isSecond && (mayHaveIdled || !hasOther):
      isSecond = true
    case _ where failure.leadsElsewhere && hasOther:
      guard let current else { return false }
      contact.person.explain("the KDC at \(current) cannot do it, so another place is asked")
      places.avoid(current)
    default: return false
    }
    disconnect()
    return true
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
      let value = try read(outgoing.next, answer)
      noteAnswer()
      return value
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
    current = nil
    let opened = try Self.open(contact, &places, clockFile, patience: patience)
    guard opened.epoch.realm.id == realm.id else { throw .exchange(.identityChanged) }
    realm = opened.epoch.realm
    addresses[opened.place] = [opened.address]
    current = opened.place
    mayHaveIdled = false
    epoch = opened.epoch
    stream = .some(opened.stream)
  }

  /// The place that the exchange was with comes first from now on, in later programs, too.
  mutating func noteAnswer() {
    guard let current else { return }
    places.preferred = current
    guard target.isSeveral, contact.options.remembers else { return }
    do {
      try placeFile.save(current, of: realm)
    } catch {
      contact.person.explain("which place answered could not be kept: \(error)")
    }
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
