#if PostgreSQL
internal import CPostgreSQL
internal import Glibc

/// One connection to the store by libpq. One thread at a time uses it.
@safe struct StoreConnection: ~Copyable {
  /// A message of another session to all that listen.
  struct Notice {
    let text: String
  }

  private let handle: OpaquePointer
  private let patience: Duration?

  /// Connects, and waits for that.
  ///
  /// - Parameters:
  ///   - purpose: what the server's list of sessions shows.
  ///   - patience: how long a statement may take before the store counts as lost, where one waits
  ///     for it; nil: as long as it wants.
  init(
    _ address: StoreAddress, purpose: String, patience: Duration? = .seconds(10)
  ) throws(StoreFailure) {
    self.patience = patience
    let defaults = StoreAddress.defaults + [("application_name", "trent \(purpose)")]
    let parameters = defaults + [("dbname", address.url)]
    let handle = unsafe Self.withTexts(parameters.map(\.0)) { keywords in
      unsafe Self.withTexts(parameters.map(\.1)) { values in
        unsafe PQconnectdbParams(keywords, values, 1)
      }
    }
    guard let handle = unsafe handle else { throw StoreFailure(.away, "out of memory") }
    guard unsafe PQstatus(handle) == CONNECTION_OK else {
      let message = unsafe String(cString: PQerrorMessage(handle))
      unsafe PQfinish(handle)
      throw StoreFailure(.away, message)
    }
    // The server's remarks are for its own log.
    unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
    unsafe self.handle = handle
  }

  deinit { unsafe PQfinish(handle) }

  /// Calls `body` with C strings and a null pointer after them.
  private static func withTexts<Answer>(
    _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Answer
  ) -> Answer {
    var bytes: [CChar] = []
    var offsets: [Int?] = []
    for text in texts {
      offsets.append(text == nil ? nil : bytes.count)
      if let text { bytes += text.utf8CString }
    }
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      let pointers =
        unsafe offsets.map { offset in
          unsafe offset.flatMap { offset in unsafe bytes.baseAddress.map { unsafe $0 + offset } }
        } + [nil]
      return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
  }

  /// Why the connection does not go on.
  private var lost: StoreFailure {
    StoreFailure(.away, unsafe String(cString: PQerrorMessage(handle)))
  }

  // MARK: One statement at a time

  /// Carries a statement out, and waits for that.
  @discardableResult
  func run(_ text: String, _ values: [String?] = []) throws(StoreFailure) -> StoreResult {
    let count = values.count
    let isSent = unsafe Self.withTexts(values) { values in
      unsafe PQsendQueryParams(handle, text, Int32(count), nil, values, nil, nil, 0)
    }
    return try checked(answer(isSent))
  }

  /// Carries out several statements without values, as one transaction if they do not say
  /// otherwise.
  func runScript(_ text: String) throws(StoreFailure) {
    _ = try checked(answer(unsafe PQsendQuery(handle, text)))
  }

  func prepare(_ statement: Statement) throws(StoreFailure) {
    let isSent = unsafe PQsendPrepare(handle, statement.rawValue, statement.text, 0, nil)
    _ = try checked(answer(isSent))
  }

  /// Waits for the last result of what was sent. libpq would wait for ever.
  private func answer(_ isSent: Int32) throws(StoreFailure) -> StoreResult {
    guard isSent == 1 else { throw lost }
    let deadline = patience.map { ContinuousClock.now + $0 }
    var last: StoreResult?
    while true {
      while isBusy {
        let left = deadline.map { ContinuousClock.now.duration(to: $0) }
        if let left, left <= .zero { throw StoreFailure(.away, "no answer") }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = left.map { Int($0 / .milliseconds(1)) + 1 } ?? -1
        _ = unsafe poll(&polled, 1, Int32(clamping: milliseconds))
        try receive()
      }
      guard let result = nextResult() else { break }
      last = result
    }
    guard let last else { throw lost }
    return last
  }

  private func checked(_ result: StoreResult) throws(StoreFailure) -> StoreResult {
    switch result.status {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK: return result
    default: throw unsafe PQstatus(handle) == CONNECTION_OK ? result.failure : lost
    }
  }

  // MARK: Many at a time

  /// The socket, to be polled.
  var descriptor: Int32 { unsafe PQsocket(handle) }

  func enterPipeline() throws(StoreFailure) {
    guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1 else {
      throw lost
    }
  }

  func send(_ command: Command) throws(StoreFailure) {
    let isSent = unsafe Self.withTexts(command.values) { values in
      unsafe PQsendQueryPrepared(
        handle, command.statement.rawValue, Int32(command.values.count), values, nil, nil, 0)
    }
    guard isSent == 1 else { throw lost }
  }

  /// Ends a batch: what was sent since the last one is one transaction.
  func sendSync() throws(StoreFailure) {
    guard unsafe PQpipelineSync(handle) == 1 else { throw lost }
  }

  /// Hands the socket what it takes. Whether there is more.
  func flush() throws(StoreFailure) -> Bool {
    let left = unsafe PQflush(handle)
    guard left >= 0 else { throw lost }
    return left > 0
  }

  /// Takes what has come.
  func receive() throws(StoreFailure) {
    guard unsafe PQconsumeInput(handle) == 1, unsafe PQstatus(handle) == CONNECTION_OK else {
      throw lost
    }
  }

  /// Whether the next result has not come yet.
  var isBusy: Bool { unsafe PQisBusy(handle) == 1 }

  /// The next result; nil after the last one of a statement.
  func nextResult() -> StoreResult? {
    guard let result = unsafe PQgetResult(handle) else { return nil }
    return unsafe StoreResult(result)
  }

  func nextNotice() -> Notice? {
    guard let notice = unsafe PQnotifies(handle) else { return nil }
    defer { unsafe PQfreemem(notice) }
    return unsafe Notice(text: String(cString: notice.pointee.extra))
  }
}

/// A prepared statement and its values.
struct Command: Sendable {
  let statement: Statement
  let values: [String?]

  init(_ statement: Statement, _ values: [String?]) {
    self.statement = statement
    self.values = values
  }
}
#endif
