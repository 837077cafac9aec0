internal import Dispatch
internal import Glibc
internal import Wire

/// Answers the requests of one UDP socket, on a thread that does nothing else: it waits in the call
/// that takes all datagrams that are there, and what is answered at once leaves with one more call.
final class DatagramServer: Sendable {
  private let port: DatagramPort
  private let state: ServerState
  private let handler: RequestHandler
  private let thread = DispatchQueue(label: "datagrams")

  /// How long to wait when the system has no memory for datagrams, in milliseconds.
  private static let respite: Int32 = 10

  init(port: DatagramPort, state: ServerState, handler: @escaping RequestHandler) {
    self.port = port
    self.state = state
    self.handler = handler
  }

  func start() {
    thread.async { [self] in serve() }
  }

  /// Returns when the thread has ended. The server has stopped before.
  func stop() async {
    port.interrupt()
    await withCheckedContinuation { ended in
      thread.async { ended.resume() }
    }
  }

  private func serve() {
    // One byte more than the limit tells a datagram that is too long from one that just fits.
    let requests = DatagramBatch(limit: state.limits.datagramLimit + 1)
    let answers = DatagramBatch(limit: state.limits.datagramLimit)
    while !state.hasStopped {
      // An error is about one datagram or about nothing at all.
      guard port.receive(requests) else {
        if errno != EINTR { _ = poll(nil, 0, Self.respite) }
        continue
      }
      let arrival = Moment.now
      requests.withEach { message, sender in
        guard let response = response(to: message, from: sender, arrival) else { return }
        if response.notBefore == nil {
          answers.append(response.message, to: sender)
        } else {
          send(response, to: sender, arrival)
        }
      }
      if !state.hasStopped { port.send(answers) }
    }
  }

  /// What is answered at once.
  private func response(
    to message: RawSpan, from sender: SocketName, _ arrival: Moment
  ) -> Response? {
    // No answer can reach port 0; only a forged datagram comes from there.
    guard let source = sender.address, source.port != 0,
      (1...state.limits.datagramLimit).contains(message.byteCount)
    else {
      if !state.hasStopped { state.countDroppedDatagram() }
      return nil
    }
    let reply = handler(message, source, .datagram) {
      { response in
        if let response { self.send(response, to: sender, arrival) }
      }
    }
    guard case .now(let response?) = reply, !response.message.isEmpty else { return nil }
    return response
  }

  /// Sends an answer by itself, as soon as it may leave.
  private func send(_ response: Response, to sender: SocketName, _ arrival: Moment) {
    guard (1...state.limits.datagramLimit).contains(response.message.count), !state.hasStopped
    else { return }
    let wait = response.notBefore.map { Moment.now.milliseconds(until: arrival + $0) } ?? 0
    if wait > 0 {
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait))) {
        [port, state] in
        if !state.hasStopped { port.send(response.message, to: sender) }
      }
    } else {
      port.send(response.message, to: sender)
    }
  }
}
