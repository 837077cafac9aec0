internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Waits for an authenticated sender's offer, at the doorway.
struct Reception: ~Copyable {
  private var doorway: Doorway
  private let signals: SignalWatch
  private let person: any Person
  private let watcher: any TransferWatcher
  /// For a service, which tells its transfers by itself when to end.
  private let service: ReceivingService?

  init(
    _ doorway: consuming Doorway, signals: SignalWatch, person: any Person,
    _ watcher: any TransferWatcher, for service: ReceivingService?
  ) {
    self.doorway = doorway
    self.signals = signals
    self.person = person
    self.watcher = watcher
    self.service = service
  }

  /// - Returns: the next offer, with its whole list, of a sender who is who the KDC says; nil when
  ///   there was none by the end.
  mutating func awaitTransfer(
    _ presence: inout Presence, _ login: inout Login, over link: inout KDCLink, until end: Deadline
  ) throws(ClientFailure) -> IncomingTransfer? {
    while let caller = try doorway.awaitCaller(&presence, &login, over: &link, until: end) {
      if let transfer = serve(caller, login.credential.realm) { return transfer }
    }
    return nil
  }

  /// Serves nobody else.
  mutating func close() { doorway.close() }

  /// Keeps a connection that has been told its last word until the other end has read it.
  mutating func linger(_ connection: HalfOpenConnection) { doorway.linger(connection) }

  /// Takes in what has come. Whatever is wrong closes the connection without a word.
  private mutating func serve(
    _ caller: consuming Doorway.Caller, _ realm: Realm
  ) -> IncomingTransfer? {
    let connection = caller.connection
    let news = caller.news
    do {
      switch consume news {
      case .arrived(let accepted):
        try begin(accepted, on: connection, realm)
        return nil
      case .listing(let list):
        guard let transfer = try goOn(list, on: connection) else { return nil }
        doorway.handOver(connection)
        return transfer
      }
    } catch {
      doorway.drop(connection, because: error)
      return nil
    }
  }

  /// The sender has proven to be there: only now is its offer read, and is it pinned. One who is
  /// new and not wanted is told so; a person who has to be asked is asked when the list is there.
  private mutating func begin(
    _ accepted: consuming AcceptedSession, on connection: HalfOpenConnection, _ realm: Realm
  ) throws {
    let offer = try Offer(accepted.firstRecord.bytes)
    var session = accepted.session
    let name = session.peer.name
    do {
      if let fingerprint = try doorway.refusal(
        of: &session, on: connection, in: realm, asks: true,
        word: Answer.refused(.declined).encoded())
      {
        watcher.refused(name, nil, because: "new, fingerprint \(fingerprint)")
        return
      }
    } catch let failure as ClientFailure {
      // Nobody is let in whose key this device cannot keep in mind.
      person.say("refused \(name): \(failure)")
      watcher.refused(name, nil, because: "\(failure)")
      return try refuse(.cannotWrite, &session, on: connection)
    }
    let others = doorway.halfOpen.listingCount(of: name)
    guard doorway.halfOpen.listingCount < IncomingList.limit,
      service?.slots.hasRoom(for: name, besides: others) ?? true
    else {
      if service != nil {
        person.say("refused \(name): too many transfers at once")
        watcher.refused(name, nil, because: "too many transfers at once")
      }
      return try refuse(.busy, &session, on: connection)
    }
    connection.goOn(.listing(IncomingList(offer, session: session)))
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
    try doorway.turnAway(&session, on: connection, with: Answer.refused(reason).encoded())
  }
}
