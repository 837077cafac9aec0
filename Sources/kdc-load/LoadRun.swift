internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Puts a load on a KDC, round after round: requests are sealed, then sent and timed, then their
/// answers opened.
struct LoadRun {
  let settings: LoadSettings
  private(set) var result: LoadResult

  init(_ settings: LoadSettings) {
    self.settings = settings
    result = LoadResult()
  }

  mutating func run() throws(LoadFailure) {
    let kdc = try LoadedKDC(
      host: settings.host, port: settings.port, expected: settings.expected)
    let workload = try workload(at: kdc)
    let volley = try Volley(
      to: kdc.address, by: settings.transport, concurrency: settings.concurrency)
    var left = settings.count
    while left > 0 {
      let requests = try workload.prepare(min(left, settings.exchange.roundLimit))
      guard try round(requests, volley) else {
        // Nobody is there any more.
        result.failed = settings.count - result.completed
        break
      }
      left = settings.count - result.completed - result.failed
    }
  }

  private func workload(at kdc: LoadedKDC) throws(LoadFailure) -> any Workload {
    switch settings.exchange {
    case .register: RegistrationLoad(at: kdc)
    case .login: try LoginLoad(at: kdc, users: settings.users)
    case .ticket: try TicketLoad(at: kdc, users: settings.users)
    case .announce: try AnnouncementLoad(at: kdc, users: settings.users)
    case .refusal: try LoginLoad(at: kdc, users: settings.users, isRefused: true)
    }
  }

  /// - Returns: whether somebody was there to the end, and answered, rightly or not.
  private mutating func round(
    _ requests: [PreparedRequest], _ volley: Volley
  ) throws(LoadFailure) -> Bool {
    let before = settings.serverClock?.seconds
    let fired = try volley.fire(requests.map(\.message))
    let after = settings.serverClock?.seconds
    result.seconds += fired.seconds
    if let before, let after { result.serverSeconds = (result.serverSeconds ?? 0) + after - before }
    var answered = 0
    for (request, answer) in zip(requests, fired.answers) {
      result.requestByteCount = max(result.requestByteCount, request.message.count)
      switch answer.result {
      case .success(let message):
        answered += 1
        read(message, request, answer)
      // A lost datagram is nobody's fault; its client asks again, with a new request.
      case .failure(.timedOut) where settings.transport == .udp: result.lost += 1
      case .failure(let miss): fail("\(miss)")
      }
    }
    return answered > 0 && !fired.isCutShort
  }

  private mutating func read(
    _ message: [UInt8], _ request: PreparedRequest, _ answer: Volley.Answer
  ) {
    do {
      try request.read(message)
      result.completed += 1
      result.nanoseconds.append(answer.nanoseconds)
      result.replyByteCount = max(result.replyByteCount, message.count)
    } catch {
      fail("\(error)")
    }
  }

  private mutating func fail(_ reason: String) {
    result.failed += 1
    result.firstFailure = result.firstFailure ?? reason
  }
}
