internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// A state that awaits an answer, where there may be several at once.
private final class Awaited<Next: ~Copyable> {
  let next: Next
  init(_ next: consuming Next) { self.next = next }
}

extension KDCLink {
  /// How long to wait for an answer to each datagram (PROTOCOL.md, 4.4).
  private static let datagramWaits = [100, 200, 400].map { Interval.milliseconds($0) }

  /// How many of the target's addresses to try by datagrams.
  private static let datagramAddressLimit = 2

  /// How a granting request may travel.
  enum Way {
    case datagramsThenStream
    case datagrams
    case stream
  }

  /// One granting exchange: by datagrams, each try a request of its own; then by TCP. A clock that
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
    if way != .stream, let answer = try grantByDatagrams(ask, read) { return answer }
    guard way != .datagrams else { throw .transport(.timedOut) }
    return try grantByStream(patience, ask, read)
  }

  /// - Returns: nil when the way by datagrams is closed or leads nowhere.
  private mutating func grantByDatagrams<Next: ~Copyable, Answer: ~Copyable>(
    _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer? {
    if addresses.isEmpty {
      // That there is none will be told by the way by TCP.
      addresses = (try? Resolver.resolve(host: target.host, port: target.port)) ?? []
    }
    for address in addresses.prefix(Self.datagramAddressLimit) {
      if let answer = try grantByDatagrams(to: address, ask, read) {
        addresses = [address]
        return answer
      }
    }
    return nil
  }

  private func grantByDatagrams<Next: ~Copyable, Answer: ~Copyable>(
    to address: NetworkAddress, _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer? {
    var awaited: [Awaited<Next>] = []
    do {
      let socket = try DatagramSocket.connect(to: address)
      for wait in Self.datagramWaits {
        let outgoing = ask(clock.now)
        let message = outgoing.message
        try socket.send(message.bytes)
        awaited.append(Awaited(outgoing.next))
        let deadline = Deadline.after(wait)
        while let datagram = try socket.receive(deadline: deadline) {
          if let answer = try answer(in: datagram, to: awaited, read) { return answer }
        }
      }
      return nil
    } catch let error as ExchangeFailure {
      throw .exchange(error)
    } catch {
      return nil
    }
  }

  /// The answer in a datagram to any of the requests; nil if it is none.
  private func answer<Next: ~Copyable, Answer: ~Copyable>(
    in datagram: [UInt8], to awaited: [Awaited<Next>],
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(ExchangeFailure) -> Answer? {
    for request in awaited {
      do throws(ExchangeFailure) {
        return try read(request.next, datagram)
      } catch {
        // Anybody can send a datagram. Only what verifies may say that there is nothing to get.
        guard error.isUnderSeal else { continue }
        throw error
      }
    }
    return nil
  }

  private mutating func grantByStream<Next: ~Copyable, Answer: ~Copyable>(
    _ patience: Interval, _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    do throws(KDCFailure) {
      return try grantByStreamOnce(patience, ask, read)
    } catch {
      // The KDC may have closed a connection that was idle.
      guard case .transport(.closedByPeer) = error else { throw error }
      return try grantByStreamOnce(patience, ask, read)
    }
  }

  private mutating func grantByStreamOnce<Next: ~Copyable, Answer: ~Copyable>(
    _ patience: Interval, _ ask: (Timestamp) -> Outgoing<Next>,
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    try connect(patience: patience)
    let outgoing = ask(clock.now)
    let message = try roundTrip(outgoing.message, patience: patience)
    do { return try read(outgoing.next, message) } catch { throw .exchange(error) }
  }
}

extension ExchangeFailure {
  /// Whether only the pinned KDC can have said so.
  fileprivate var isUnderSeal: Bool {
    switch self {
    case .loginOver, .peerNotPresent, .superseded, .clockSkew, .unavailable: true
    default: false
    }
  }
}
