internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// A state that awaits an answer, where there may be several at once.
private final class Awaited<Next: ~Copyable> {
  let next: Next
  init(_ next: consuming Next) { self.next = next }
}

/// The way by datagrams to one address of one place, and the requests that went there.
final class DatagramLane<Next: ~Copyable> {
  let place: HostAndPort
  let socket: DatagramSocket
  fileprivate var awaited: [Awaited<Next>] = []

  fileprivate init(_ place: HostAndPort, _ address: NetworkAddress) throws(TransportFailure) {
    self.place = place
    socket = try .connect(to: address)
  }

  fileprivate func send(_ outgoing: consuming Outgoing<Next>) throws(TransportFailure) {
    let message = outgoing.message
    try socket.send(message.bytes)
    awaited.append(Awaited(outgoing.next))
  }
}

/// A datagram that came in on one of the ways.
struct IncomingDatagram<Next: ~Copyable> {
  let lane: DatagramLane<Next>
  let bytes: [UInt8]

  /// The answer in it to any of the requests that went the same way; nil if it is none.
  func answer<Answer: ~Copyable>(
    _ read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Answer
  ) throws(ExchangeFailure) -> Answer? {
    for request in lane.awaited {
      do throws(ExchangeFailure) {
        return try read(request.next, bytes)
      } catch {
        // Anybody can send a datagram. Only what verifies may say that there is nothing to get.
        guard error.isUnderSeal else { continue }
        throw error
      }
    }
    return nil
  }
}

/// The ways by datagrams that are open at a time.
struct DatagramWays<Next: ~Copyable> {
  private var lanes: [DatagramLane<Next>] = []

  var isEmpty: Bool { lanes.isEmpty }

  /// Opens one more, with a request of its own.
  mutating func add(
    _ place: HostAndPort, _ address: NetworkAddress, _ ask: () -> Outgoing<Next>
  ) {
    guard let lane = try? DatagramLane<Next>(place, address), (try? lane.send(ask())) != nil else {
      return
    }
    lanes.append(lane)
  }

  /// Sends another request to each. Where nobody is, the way is closed.
  mutating func sendAgain(_ ask: () -> Outgoing<Next>) {
    lanes.removeAll { (try? $0.send(ask())) == nil }
  }

  /// The next datagram; nil at the deadline, or when nobody is there.
  mutating func receive(until deadline: Deadline) -> IncomingDatagram<Next>? {
    while !lanes.isEmpty {
      let interests = lanes.map { Polling.Interest($0.socket.descriptor, .readable) }
      guard let ready = try? Polling.wait(for: interests, until: deadline),
        let descriptor = ready.first?.descriptor,
        let lane = lanes.first(where: { $0.socket.descriptor == descriptor })
      else { return nil }
      do throws(TransportFailure) {
        if let bytes = try lane.socket.receive(deadline: .after(.milliseconds(0))) {
          return IncomingDatagram(lane: lane, bytes: bytes)
        }
      } catch {
        lanes.removeAll { $0 === lane }
      }
      // Who sends without end does not make us wait longer.
      if deadline.hasPassed { return nil }
    }
    return nil
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
