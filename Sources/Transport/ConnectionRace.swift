internal import Glibc
internal import Wire

/// Connection attempts to several addresses of one host at once; the first to connect wins, the
/// others are closed (RFC 8305, 5).
struct ConnectionRace: ~Copyable {
  private struct Attempt {
    let address: NetworkAddress
    let descriptor: Int32
  }

  /// The Connection Attempt Delay. RFC 8305, 8 recommends 250 ms and allows 10 ms to 2 s.
  private static let delay = Interval.milliseconds(200)

  private var waiting: ArraySlice<NetworkAddress>
  private var running: [Attempt] = []
  private var firstFailure: TransportFailure?

  init(_ addresses: [NetworkAddress]) { waiting = addresses[...] }

  deinit {
    for attempt in running { close(attempt.descriptor) }
  }

  /// The descriptor of the connection that won; the caller owns it.
  mutating func run(deadline: Deadline) throws(TransportFailure) -> Int32 {
    var nextStart = Deadline.after(.milliseconds(0))
    while true {
      if let address = waiting.first, running.isEmpty || nextStart.hasPassed {
        waiting.removeFirst()
        nextStart = .after(Self.delay)
        start(address)
        continue
      }
      guard !running.isEmpty else { throw firstFailure ?? .noAddress }
      let ready = try Polling.wait(
        for: running.map { Polling.Interest($0.descriptor, .writable) },
        until: waiting.isEmpty ? deadline : min(nextStart, deadline))
      for interest in ready {
        if let winner = settle(interest.descriptor) { return winner }
      }
      guard !deadline.hasPassed else { throw .timedOut }
    }
  }

  /// Begins an attempt, or notes why it cannot begin.
  private mutating func start(_ address: NetworkAddress) {
    let socket: Socket
    do {
      socket = try Socket(family: address.socketFamily, type: SOCK_STREAM)
    } catch {
      firstFailure = firstFailure ?? error
      return
    }
    let code = socket.startConnecting(to: address)
    guard code == 0 || code == EINPROGRESS || code == EINTR else {
      note(code, address)
      return
    }
    running.append(Attempt(address: address, descriptor: socket.release()))
  }

  /// The descriptor if its attempt has succeeded; a failed one is closed and noted.
  private mutating func settle(_ descriptor: Int32) -> Int32? {
    guard let index = running.firstIndex(where: { $0.descriptor == descriptor }) else { return nil }
    let attempt = running.remove(at: index)
    let socket = Socket(adopting: descriptor)
    var code = socket.takeError()
    // Connecting to a free port of the local port range of this machine can reach itself by TCP's
    // simultaneous open: nobody listens there.
    if code == 0, socket.localAddress == attempt.address { code = ECONNREFUSED }
    guard code == 0 else {
      note(code, attempt.address)
      return nil
    }
    return socket.release()
  }

  private mutating func note(_ code: Int32, _ address: NetworkAddress) {
    let failure = TransportFailure.unreachable(address, reason: TransportFailure.reason(code))
    firstFailure = firstFailure ?? failure
  }
}
