internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

extension KDCLink {
  /// How long to wait for an answer to each datagram (PROTOCOL.md, 4.4).
  private static let datagramWaits = [100, 200, 400].map { Interval.milliseconds($0) }

  /// How a granting request may travel.
  enum Way {
    case datagramsThenStream
    case datagrams
    case stream
  }

  /// One granting exchange: by datagrams, each try a request of its own, and from the second one on
  /// to another place, too; then by TCP. A clock that
  /// was off is set by what the KDC says, and the exchange begun once more.
  ///
  /// - Parameters:
  ///   - way: where the other one will not do.
  ///   - patience: how long the way by TCP may take, for the connection and for the answer.
  ///   - ask: makes a request at a KDC time. Called for every try.
  ///   - read: reads an answer; one that does not verify changes nothing.
  mutating func grant<Next: ~Copyable, Answer: ~Copyable>(
    by way: Way = .datagramsThenStream, patience: Interval = KDCLink.patience,
    _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    do throws(KDCFailure) {
      return try grantOnce(way, patience, ask, read)
    } catch {
      guard case .exchange(.clockSkew(let now)) = error else { throw error }
      setClock(to: now)
      return try grantOnce(way, patience, ask, read)
    }
  }

  private mutating func grantOnce<Next: ~Copyable, Answer: ~Copyable>(
    _ way: Way, _ patience: Interval, _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    begin()
    var isSecond = false
    while true {
      do throws(KDCFailure) {
        if way != .stream, let answer = try grantByDatagrams(ask, read) { return answer }
        guard way != .datagrams else { throw .transport(.timedOut) }
        return try grantByStream(patience, ask, read)
      } catch {
        // Datagrams have been to every place already.
        if way == .datagrams, case .transport = error { throw error }
        guard goesOn(after: error, &isSecond) else { throw error }
      }
    }
  }

  private mutating func grantByStream<Next: ~Copyable, Answer: ~Copyable>(
    _ patience: Interval, _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    try connect(patience: patience)
    let outgoing = ask(clock.now)
    let message = try roundTrip(outgoing.message, patience: patience)
    do throws(ExchangeFailure) {
      let answer = try read(outgoing.next, message)
      noteAnswer()
      return answer
    } catch {
      throw .exchange(error)
    }
  }

  // MARK: Datagrams

  /// - Returns: nil when the way by datagrams is closed or leads nowhere.
  private mutating func grantByDatagrams<Next: ~Copyable, Answer: ~Copyable>(
    _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer? {
    // That there is no place will be told by the way by TCP.
    if !places.isLookedUp { try? places.lookUp() }
    var candidates = DatagramCandidates(places.inOrder.map(\.at))
    var ways = DatagramWays<Next>()
    let clock = clock
    func request() -> Outgoing<Next> { ask(clock.now) }
    for wait in Self.datagramWaits {
      ways.sendAgain(request)
      var isWider = false
      let deadline = Deadline.after(wait)
      repeat {
        // One more at each turn, and others at once while nobody is there.
        while ways.isEmpty || !isWider, let next = candidates.next(&addresses) {
          ways.add(next.place, next.address, request)
          isWider = true
        }
        guard !ways.isEmpty else { return nil }
        while let datagram = ways.receive(until: deadline) {
          if let answer = try answer(in: datagram, read) { return answer }
        }
      } while ways.isEmpty
    }
    return nil
  }

  private mutating func answer<Next: ~Copyable, Answer: ~Copyable>(
    in datagram: IncomingDatagram<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer? {
    let lane = datagram.lane
    do throws(ExchangeFailure) {
      guard let answer = try datagram.answer(read) else { return nil }
      note(lane.place, lane.socket.peerAddress)
      noteAnswer()
      return answer
    } catch {
      note(lane.place, lane.socket.peerAddress)
      throw .exchange(error)
    }
  }

  private mutating func note(_ place: HostAndPort, _ address: NetworkAddress) {
    current = place
    addresses[place] = [address]
  }
}

/// Where datagrams may go, in order: to the first address of each place, then to others. A name is
/// looked up when it is its turn, since that may take long.
private struct DatagramCandidates {
  /// How many addresses of a place to try.
  private static let limit = 2

  private var places: ArraySlice<HostAndPort>
  private var others: [(place: HostAndPort, address: NetworkAddress)] = []

  init(_ places: [HostAndPort]) { self.places = places[...] }

  /// - Parameter known: addresses of places; new ones are added.
  mutating func next(
    _ known: inout [HostAndPort: [NetworkAddress]]
  ) -> (place: HostAndPort, address: NetworkAddress)? {
    while let place = places.popFirst() {
      let found = known[place] ?? (try? Resolver.resolve(host: place.host, port: place.port)) ?? []
      known[place] = found.isEmpty ? nil : found
      others += found.prefix(Self.limit).dropFirst().map { (place, $0) }
      if let first = found.first { return (place, first) }
    }
    return others.isEmpty ? nil : others.removeFirst()
  }
}
