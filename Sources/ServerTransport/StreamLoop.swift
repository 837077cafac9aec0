internal import Glibc
internal import Wire

/// The connections of one listening socket, on one thread: waits until something happens on any of
/// them, and does what can be done then.
///
/// Answers leave when the loop has looked at all connections that had something to say, so that a
/// client that waits for several is woken once. None waits long for others: requests that take
/// their time are answered one by one.
@safe
final class StreamLoop {
  private let listener: StreamListener
  private let state: ServerState
  private let handler: RequestHandler
  private let readiness: Readiness
  private let late: LateAnswers

  /// By descriptor.
  private var connections: [StreamConnection?] = []
  private var openCount = 0
  private var serial: UInt32 = 0

  /// Have answers that can leave.
  private var unsent: [StreamConnection] = []
  /// Since when the first of those waits.
  private var unsentSince = Moment.now
  /// Can go on, but it was others' turn.
  private var unfinished: [StreamConnection] = []
  private var delayed = DelayedAnswers()

  private var nextLook = Moment.now
  /// When to accept connections again after there was no room for one.
  private var nextAccept: Moment?

  private let input: UnsafeMutableRawBufferPointer
  private var output: [UInt8] = []

  /// What `readiness` tells the listening socket and late answers by.
  static let listenerNumber: UInt64 = 0
  static let lateNumber: UInt64 = 1
  /// How long the first answer may wait for others, in microseconds.
  private static let patience: UInt64 = 200
  /// How many connections are accepted before it is others' turn.
  private static let acceptLimit = 64
  private static let respite = Interval.seconds(1)

  init(
    _ listener: StreamListener, state: ServerState, readiness: Readiness, late: LateAnswers,
    handler: @escaping RequestHandler
  ) {
    self.listener = listener
    self.state = state
    self.readiness = readiness
    self.late = late
    self.handler = handler
    unsafe input = .allocate(byteCount: StreamConnection.readByteCount, alignment: 16)
  }

  deinit { unsafe input.deallocate() }

  /// Returns when the server has stopped.
  func run() {
    while !state.hasStopped {
      takeLateAnswers()
      readiness.wait(milliseconds: timeToSleep()) { event in handle(event) }
      goOn()
      releaseDelayed()
      lookAtDeadlines()
      sendAll()
    }
    for connection in connections { connection.map(end) }
  }

  /// In milliseconds; -1 until something happens.
  private func timeToSleep() -> Int32 {
    guard unfinished.isEmpty, unsent.isEmpty else { return 0 }
    var next = openCount > 0 ? nextLook : nil
    if let due = delayed.next { next = min(next ?? due, due) }
    if let nextAccept { next = min(next ?? nextAccept, nextAccept) }
    return next.map { Moment.now.milliseconds(until: $0) } ?? -1
  }

  // MARK: What happens

  private func handle(_ event: Readiness.Event) {
    switch event.number {
    case Self.listenerNumber: acceptConnections()
    case Self.lateNumber: late.acknowledge()
    default:
      guard let connection = connection(StreamName(event.number)) else { return }
      if event.isBroken {
        connection.hasBroken()
      } else {
        if event.isReadable || event.isEnd { connection.inputHasCome(isEnd: event.isEnd) }
        if event.isWritable { connection.sendRest(at: .now) }
      }
      work(on: connection)
    }
  }

  private func acceptConnections() {
    for _ in 0..<Self.acceptLimit {
      switch listener.accept() {
      case .connection(let descriptor, let source): begin(descriptor, from: source)
      case .gone: continue
      case .nobody: return
      case .noRoom:
        // Wait for some to be closed instead of trying without pause.
        readiness.ignore(listener.socket.descriptor)
        nextAccept = .now + Self.respite
        return
      }
    }
  }

  private func begin(_ descriptor: Int32, from source: NetworkAddress) {
    serial &+= 1
    let name = StreamName(descriptor: descriptor, serial: serial)
    guard state.admit(source) else {
      close(descriptor)
      return
    }
    guard readiness.watchConnection(descriptor, as: name.number) else {
      state.release(source)
      close(descriptor)
      return
    }
    let now = Moment.now
    let place = Int(descriptor)
    while connections.count <= place { connections.append(nil) }
    connections[place] = StreamConnection(name, from: source, limits: state.limits, at: now)
    if openCount == 0 { nextLook = now + state.limits.lookInterval }
    openCount += 1
  }

  private func connection(_ name: StreamName) -> StreamConnection? {
    let place = Int(name.descriptor)
    guard place < connections.count, let connection = connections[place],
      connection.name == name
    else { return nil }
    return connection
  }

  private func end(_ connection: StreamConnection) {
    connections[Int(connection.name.descriptor)] = nil
    openCount -= 1
    state.release(connection.source)
    close(connection.name.descriptor)
  }

  // MARK: Requests

  private func work(on connection: StreamConnection) {
    let now = Moment.now
    unsafe connection.proceed(at: now, buffer: input) { message, number in
      serve(message, number, connection, now)
    }
    attend(to: connection)
  }

  private func serve(
    _ message: RawSpan, _ number: ResponseQueue.Number, _ connection: StreamConnection,
    _ arrival: Moment
  ) {
    let name = connection.name
    let reply = handler(message, connection.source, .stream) { [late] in
      { response in
        late.post(
          LateAnswers.Answer(
            connection: name, number: number, response: response, arrival: arrival))
      }
    }
    if case .now(let response) = reply { settle(connection, number, response, arrival) }
  }

  private func settle(
    _ connection: StreamConnection, _ number: ResponseQueue.Number, _ response: Response?,
    _ arrival: Moment
  ) {
    if let delay = response?.notBefore, arrival + delay > .now {
      delayed.insert(
        DelayedAnswers.Answer(
          due: arrival + delay, connection: connection.name, number: number,
          message: response?.message))
    } else {
      connection.settle(number, with: response?.message)
    }
  }

  /// Until there are none: only then is who posts the next one told to wake the loop up.
  private func takeLateAnswers() {
    while true {
      let answers = late.take()
      guard !answers.isEmpty else { return }
      for answer in answers {
        guard let connection = connection(answer.connection) else { continue }
        settle(connection, answer.number, answer.response, answer.arrival)
        attend(to: connection)
      }
    }
  }

  private func releaseDelayed() {
    guard delayed.next != nil else { return }
    let now = Moment.now
    while let answer = delayed.take(at: now) {
      guard let connection = connection(answer.connection) else { continue }
      connection.settle(answer.number, with: answer.message)
      attend(to: connection)
    }
  }

  // MARK: What is left to do

  /// Sees to it that a connection that can do more does it soon.
  private func attend(to connection: StreamConnection) {
    if connection.isOver {
      end(connection)
    } else if connection.canSend {
      guard !connection.isListed else { return }
      connection.isListed = true
      let now = Moment.now
      if unsent.isEmpty { unsentSince = now }
      unsent.append(connection)
      if unsentSince + Self.patience < now { sendAll() }
    } else if connection.canProceed {
      unfinished.append(connection)
    }
  }

  private func sendAll() {
    guard !unsent.isEmpty else { return }
    // A connection that has sent may have more to do, and comes back here.
    var ready: [StreamConnection] = []
    swap(&ready, &unsent)
    let now = Moment.now
    for connection in ready where !connection.isOver {
      connection.isListed = false
      output.removeAll(keepingCapacity: true)
      connection.send(at: now, frames: &output)
      if connection.hasRest {
        readiness.watchOutput(connection.name.descriptor, as: connection.name.number)
      }
      attend(to: connection)
    }
    guard unsent.isEmpty else { return }
    ready.removeAll(keepingCapacity: true)
    swap(&ready, &unsent)
  }

  private func goOn() {
    guard !unfinished.isEmpty else { return }
    var ready: [StreamConnection] = []
    swap(&ready, &unfinished)
    for connection in ready where !connection.isOver { work(on: connection) }
  }

  private func lookAtDeadlines() {
    let now = Moment.now
    if let moment = nextAccept, moment <= now {
      nextAccept = nil
      _ = readiness.watch(listener.socket.descriptor, as: Self.listenerNumber)
    }
    guard openCount > 0, nextLook <= now else { return }
    nextLook = now + state.limits.lookInterval
    for connection in connections {
      guard let connection else { continue }
      connection.look(at: now)
      if connection.isOver { end(connection) }
    }
  }
}

extension StreamName {
  /// Not 0 and not 1: serial numbers begin with 1.
  fileprivate var number: UInt64 {
    UInt64(serial) << 32 | UInt64(UInt32(bitPattern: descriptor))
  }

  fileprivate init(_ number: UInt64) {
    self.init(
      descriptor: Int32(bitPattern: UInt32(truncatingIfNeeded: number)),
      serial: UInt32(truncatingIfNeeded: number >> 32))
  }
}

extension ServerLimits {
  /// How often to look at the deadlines of all connections: each may be late by a quarter.
  fileprivate var lookInterval: Interval {
    let shortest = min(frameDeadline, idleDeadline).milliseconds / 4
    return .milliseconds(min(max(shortest, 5), 1000))
  }
}
