import Cryptography
import Directory
import KeyDistribution
import SecretMemory
import ServerTransport
import SystemClock
import Wire

/// Takes each request from the sockets through machine and directory to its answer and its line in
/// the log. A class: each request hands it on several times.
final class RequestRouter: Sendable {
  let center: KeyDistributionCenter
  let directory: any Directory
  let changes: ChangesUnderWay
  let prober: ConnectionProber
  let log: EventLog
  let metrics: RequestMetrics

  init(
    center: KeyDistributionCenter, directory: any Directory, changes: ChangesUnderWay,
    prober: ConnectionProber, log: EventLog, metrics: RequestMetrics
  ) {
    self.center = center
    self.directory = directory
    self.changes = changes
    self.prober = prober
    self.log = log
    self.metrics = metrics
  }

  func handle(
    _ message: [UInt8], from source: NetworkAddress, by transport: TransportKind,
    respond: @escaping @Sendable (Response?) -> Void
  ) {
    var random = SystemRandom()
    let now = SystemClock.now
    let request = metrics.begin(message)
    let step = center.receive(
      message.bytes, from: source, isDatagram: transport == .datagram, at: now, random: &random)
    switch step {
    case .answer(let answer):
      // A datagram that did not verify gets no answer, and no line either: its source may be
      // forged, and a flood of such would fill the disk.
      guard transport == .datagram, answer.message == nil else {
        return finish(request, answer, at: now, respond)
      }
      metrics.end(request, with: answer)
      respond(nil)
    case .lookUp(let query, let pending):
      // Sealed requests make records of users, some of them out of those that are looked up.
      let round = request.kind == .sealed ? changes.begin() : nil
      directory.lookUp(query, at: now) { [self] result in
        resume(request, pending, with: result, in: round, respond)
      }
    }
  }

  private func resume(
    _ request: RequestMetrics.Request, _ pending: PendingRequest,
    with result: Result<Records, DirectoryUnavailable>, in round: ChangesUnderWay.Round?,
    _ respond: @escaping @Sendable (Response?) -> Void
  ) {
    var random = SystemRandom()
    let now = SystemClock.now
    guard case .success(let records) = result else {
      end(round)
      return finish(
        request, center.giveUp(pending, at: now, random: &random), at: now, respond)
    }
    switch center.resume(pending, with: records, at: now, random: &random) {
    case .answer(let answer):
      end(round)
      finish(request, answer, at: now, respond)
    case .change(let change, let pending):
      // A granting request counts from here on, so that key requests, which change nothing, pay
      // nothing. Its record was made just now.
      let round = round ?? changes.begin()
      directory.apply(change, at: now) { [self] outcome in
        end(round)
        var random = SystemRandom()
        let now = SystemClock.now
        let answer = center.finish(pending, outcome: outcome, at: now, random: &random)
        finish(request, answer, at: now, respond)
      }
    case .probe(let address, let patience, let pending):
      end(round)
      prober.probe(address, within: patience) { [self] isReached in
        var random = SystemRandom()
        let now = SystemClock.now
        let answer = center.finish(pending, isReached: isReached, at: now, random: &random)
        finish(request, answer, at: now, respond)
      }
    }
  }

  private func end(_ round: ChangesUnderWay.Round?) {
    if let round { changes.end(round) }
  }

  private func finish(
    _ request: RequestMetrics.Request, _ answer: CenterAnswer, at now: Timestamp,
    _ respond: @Sendable (Response?) -> Void
  ) {
    metrics.end(request, with: answer)
    if let event = answer.event { log.write(event, at: now) }
    respond(answer.message.map { Response(message: $0, notBefore: answer.notBefore) })
  }
}
