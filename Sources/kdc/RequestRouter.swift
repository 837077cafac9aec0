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
  let directory: any RealmStore
  let changes: ChangesUnderWay
  let prober: ConnectionProber
  let log: EventLog
  let metrics: RequestMetrics

  init(
    center: KeyDistributionCenter, directory: any RealmStore, changes: ChangesUnderWay,
    prober: ConnectionProber, log: EventLog, metrics: RequestMetrics
  ) {
    self.center = center
    self.directory = directory
    self.changes = changes
    self.prober = prober
    self.log = log
    self.metrics = metrics
  }

  /// As `RequestHandler`.
  func handle(
    _ message: RawSpan, from source: NetworkAddress, by transport: TransportKind,
    later: () -> Responder
  ) -> Reply {
    var random = SystemRandom()
    let now = SystemClock.now
    let request = metrics.begin(message)
    let step = center.receive(
      message, from: source, isDatagram: transport == .datagram, at: now, random: &random)
    switch step {
    case .answer(let answer):
      // A datagram that did not verify gets no answer, and no line either: its source may be
      // forged, and a flood of such would fill the disk.
      guard transport == .datagram, answer.message == nil else {
        return .now(finish(request, answer, at: now))
      }
      metrics.end(request, with: answer)
      return .now(nil)
    case .lookUp(let query, let pending):
      // Sealed requests make records of users, some of them out of those that are looked up.
      let round = request.kind == .sealed ? changes.begin() : nil
      do throws(DirectoryUnavailable) {
        if let records = try directory.recordsAtHand(query, at: now) {
          return resume(request, pending, with: records, in: round, at: now, later: later)
        }
      } catch {
        return .now(giveUp(request, pending, in: round))
      }
      let respond = later()
      directory.lookUp(query, at: now) { [self] result in
        switch result {
        case .success(let records):
          let reply = resume(
            request, pending, with: records, in: round, at: SystemClock.now, later: { respond })
          if case .now(let response) = reply { respond(response) }
        case .failure: respond(giveUp(request, pending, in: round))
        }
      }
      return .later
    }
  }

  private func resume(
    _ request: RequestMetrics.Request, _ pending: PendingRequest, with records: Records,
    in round: ChangesUnderWay.Round?, at now: Timestamp, later: () -> Responder
  ) -> Reply {
    var random = SystemRandom()
    switch center.resume(pending, with: records, at: now, random: &random) {
    case .answer(let answer):
      end(round)
      return .now(finish(request, answer, at: now))
    case .change(let change, let pending):
      // A granting request counts from here on, so that key requests, which change nothing, pay
      // nothing. Its record was made just now.
      let round = round ?? changes.begin()
      let respond = later()
      directory.apply(change, at: now) { [self] outcome in
        end(round)
        var random = SystemRandom()
        let now = SystemClock.now
        let answer = center.finish(pending, outcome: outcome, at: now, random: &random)
        respond(finish(request, answer, at: now))
      }
    case .probe(let address, let patience, let pending):
      end(round)
      let respond = later()
      prober.probe(address, within: patience) { [self] isReached in
        var random = SystemRandom()
        let now = SystemClock.now
        let answer = center.finish(pending, isReached: isReached, at: now, random: &random)
        respond(finish(request, answer, at: now))
      }
    }
    return .later
  }

  private func giveUp(
    _ request: RequestMetrics.Request, _ pending: PendingRequest, in round: ChangesUnderWay.Round?
  ) -> Response? {
    end(round)
    var random = SystemRandom()
    let now = SystemClock.now
    return finish(request, center.giveUp(pending, at: now, random: &random), at: now)
  }

  private func end(_ round: ChangesUnderWay.Round?) {
    if let round { changes.end(round) }
  }

  /// Counts an answer and writes it down.
  private func finish(
    _ request: RequestMetrics.Request, _ answer: CenterAnswer, at now: Timestamp
  ) -> Response? {
    metrics.end(request, with: answer)
    if let event = answer.event {
      log.write(event, at: now)
      if let proof = WrongProof(event, at: now) { directory.share(proof) }
    }
    return answer.message.map { Response(message: $0, notBefore: answer.notBefore) }
  }
}

extension WrongProof {
  /// Nil for every other event. Whether there is such a user makes no difference, as with brakes.
  fileprivate init?(_ event: CenterEvent, at now: Timestamp) {
    guard case .refused(let reason) = event.kind, let name = event.name else { return nil }
    switch reason {
    case .wrongProof, .unknownName, .disabled, .staleKeyVersion:
      self.init(name: name, source: event.source, time: now)
    default: return nil
    }
  }
}
