#if PostgreSQL
internal import CLinux
internal import CPostgreSQL
internal import Directory
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Statements that are one transaction, and who is told their results.
struct Batch {
  let commands: [Command]
  /// Called once, on the pipeline's thread, with a result for each command.
  let finish: (Result<[StoreResult], StoreFailure>) -> Void
}

/// Who has work for a pipeline. Everything is called on its thread.
protocol PipelineSource: AnyObject, Sendable {
  /// The connection is there.
  func opened(_ connection: borrowing StoreConnection) throws(StoreFailure)
  /// It is not there any more, or not yet.
  func closed(because failure: StoreFailure)
  /// What is to be sent next; nil: nothing at the moment.
  func next() -> Batch?
  /// Another session has told something.
  func noticed(_ notice: StoreConnection.Notice)
}

/// A connection to the store with a thread of its own, which sends batches without waiting for the
/// answers to those before (libpq's pipeline mode: PostgreSQL 15, 34.5), and connects again and
/// again where that is lost.
final class Pipeline: Sendable {
  struct Settings: Sendable {
    let purpose: String
    /// Carried out once connected.
    let session: [String]
    /// How many batches are on their way at a time. What waits meanwhile goes with the next one:
    /// the busier, the larger they are.
    let depth: Int
    /// How long the store may take for a batch before it counts as lost.
    let patience: Duration
  }

  private static let firstPause = 50
  private static let longestPause = 1000

  private let address: StoreAddress
  private let settings: Settings
  private let source: any PipelineSource
  /// Ends waiting (eventfd(2)).
  private let bell: Int32
  private let isStarted = Atomic<Bool>(false)
  private let isClosing = Atomic<Bool>(false)
  private let ended = DispatchSemaphore(value: 0)

  /// A batch that has been sent.
  private struct Flight {
    let batch: Batch
    let deadline: ContinuousClock.Instant
    var results: [StoreResult] = []
    var failure: StoreFailure?
  }

  init(_ address: StoreAddress, _ settings: Settings, for source: any PipelineSource) {
    self.address = address
    self.settings = settings
    self.source = source
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
  }

  deinit { close(bell) }

  /// Connects, and waits for that. Throws when it is not possible, and is of no use then.
  func start() throws(DirectoryUnavailable) {
    let attempt = Attempt()
    DispatchQueue(label: "store \(settings.purpose)").async { [self] in
      run(attempt)
      ended.signal()
    }
    if let failure = attempt.wait() { throw failure.unavailable }
    isStarted.store(true, ordering: .releasing)
  }

  /// What became of the first attempt to connect.
  private final class Attempt: Sendable {
    private let failure = Mutex<StoreFailure?>(nil)
    private let done = DispatchSemaphore(value: 0)

    func end(_ failure: StoreFailure?) {
      self.failure.withLock { $0 = failure }
      done.signal()
    }

    func wait() -> StoreFailure? {
      done.wait()
      return failure.withLock { $0 }
    }
  }

  /// There is something new to be sent.
  func ring() { _ = eventfd_write(bell, 1) }

  /// Has it send what waits, take the answers, and end.
  func end() {
    isClosing.store(true, ordering: .releasing)
    ring()
  }

  /// Waits for that.
  func waitForEnd() {
    guard isStarted.load(ordering: .acquiring) else { return }
    ended.wait()
    ended.signal()
  }

  private var isEnding: Bool { isClosing.load(ordering: .acquiring) }

  // MARK: On the thread

  private func run(_ first: Attempt) {
    var isFirst = true
    var pause = Self.firstPause
    while true {
      do throws(StoreFailure) {
        let connection = try connect()
        if isFirst { first.end(nil) }
        isFirst = false
        pause = Self.firstPause
        try serve(connection)
        return source.closed(because: StoreFailure(.ended, "it was closed"))
      } catch {
        if isFirst { return first.end(error) }
        source.closed(because: error)
      }
      if !isEnding { wait(for: [], milliseconds: pause) }
      if isEnding { return }
      pause = min(2 * pause, Self.longestPause)
    }
  }

  private func connect() throws(StoreFailure) -> StoreConnection {
    let connection = try StoreConnection(address, purpose: settings.purpose)
    try Schema.check(connection)
    for statement in settings.session { try connection.run(statement) }
    for statement in Statement.allCases { try connection.prepare(statement) }
    try source.opened(connection)
    // What is given up here is given up there: it does not wait for a lock, to be made much later,
    // and does not keep others from theirs.
    let patience = Int(settings.patience / .milliseconds(1))
    for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
      try connection.run("SET \(limit) = \(patience)")
    }
    return connection
  }

  /// Until everything is done that is to be done before the end.
  private func serve(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    try connection.enterPipeline()
    var flights: [Flight] = []
    do throws(StoreFailure) {
      while true {
        try send(over: connection, &flights)
        if isEnding, flights.isEmpty { return }
        let isFull = try connection.flush()
        let left = flights.first.map { ContinuousClock.now.duration(to: $0.deadline) }
        if let left, left <= .zero {
          throw StoreFailure(.away, "no answer within \(settings.patience)")
        }
        wait(
          for: [(connection.descriptor, Int16(isFull ? POLLIN | POLLOUT : POLLIN))],
          milliseconds: left.map { Int($0 / .milliseconds(1)) + 1 } ?? -1)
        try connection.receive()
        receive(from: connection, &flights)
        while let notice = connection.nextNotice() { source.noticed(notice) }
      }
    } catch {
      for flight in flights { flight.batch.finish(.failure(error)) }
      throw error
    }
  }

  private func send(
    over connection: borrowing StoreConnection, _ flights: inout [Flight]
  ) throws(StoreFailure) {
    while flights.count < settings.depth, let batch = source.next() {
      flights.append(Flight(batch: batch, deadline: .now + settings.patience))
      for command in batch.commands { try connection.send(command) }
      try connection.sendSync()
    }
  }

  private func receive(from connection: borrowing StoreConnection, _ flights: inout [Flight]) {
    // Each statement's results end with a nil, the batch with a result of its own.
    var isEnd = false
    while !flights.isEmpty, !connection.isBusy {
      guard let result = connection.nextResult() else {
        if isEnd { return }
        isEnd = true
        continue
      }
      isEnd = false
      switch result.status {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: flights[0].results.append(result)
      case PGRES_PIPELINE_SYNC: finish(flights.removeFirst())
      case PGRES_PIPELINE_ABORTED: break
      default: flights[0].failure = flights[0].failure ?? result.failure
      }
    }
  }

  private func finish(_ flight: Flight) {
    if let failure = flight.failure { return flight.batch.finish(.failure(failure)) }
    // No server of PostgreSQL's does that, but it is another program, on another machine.
    guard flight.results.count == flight.batch.commands.count else {
      return flight.batch.finish(
        .failure(StoreFailure(.unsuitable, "it has answered what nobody asked")))
    }
    flight.batch.finish(.success(flight.results))
  }

  /// Waits for one of the descriptors, or for the bell.
  private func wait(for others: [(Int32, Int16)], milliseconds: Int) {
    var polled = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
    for (descriptor, events) in others {
      polled.append(pollfd(fd: descriptor, events: events, revents: 0))
    }
    _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
    var count: eventfd_t = 0
    _ = unsafe eventfd_read(bell, &count)
  }
}
#endif
