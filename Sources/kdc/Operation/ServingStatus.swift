import Directory
import KeyDistribution
import ServerTransport
import SystemClock
import Wire

/// What an operator is told about a KDC that serves.
struct ServingStatus: Sendable {
  let started = SystemClock.now
  let directory: any RealmStore
  let center: KeyDistributionCenter
  let log: EventLog
  let server: RequestServer

  init(_ files: RealmFiles, log: EventLog, server: RequestServer) {
    directory = files.directory
    center = files.center
    self.log = log
    self.server = server
  }

  var json: JSONValue {
    let now = SystemClock.now
    let figures = directory.figures(at: now)
    let brakes = center.brakes.counts(at: now)
    let counters = server.counters
    return .object(
      [
        .init("identity", .text(center.keys.realm.word)),
        .init("port", .integer(Int64(server.port))),
        Self.number("uptime-seconds", Int(clamping: now.since(started).milliseconds / 1000)),
        Self.number("memory-kib", ProcessFigures.memory / 1024),
        Self.number("names", figures.names),
        Self.number("receivers", figures.receivers),
        Self.number("open-invitations", figures.openInvitations),
        Self.number("connections", counters.connectionsOpen),
        Self.number("connections-refused", counters.connectionsRefused),
        Self.number("datagrams-dropped", counters.datagramsDropped),
        Self.number("event-lines-lost", log.lostLines),
      ] + audit + [
        .init("events", log.counts.json),
        .init(
          "brakes",
          .object([
            Self.number("names-waiting", brakes.namesWaiting),
            Self.number("sources-waiting", brakes.sourcesWaiting),
            Self.number("proofs-refused", brakes.proofsRefused),
            Self.number("requests-refused", brakes.requestsRefused),
            Self.number("registrations-refused", brakes.registrationsRefused),
            Self.number("connections-refused", brakes.connectionsRefused),
          ])),
      ])
  }

  /// Whether events are recorded, and how many are not, if any should be.
  private var audit: [JSONValue.Member] {
    guard let health = log.auditHealth else { return [] }
    return [
      .init("audit", .text(health.failure.map { "cannot be written: \($0)" } ?? "written")),
      Self.number("audit-events-missing", health.missing),
    ]
  }

  /// What to tell who asks whether requests are served; they are.
  var warning: String? {
    log.auditHealth?.failure == nil ? nil : "the audit cannot be written"
  }

  private static func number(_ name: String, _ value: Int) -> JSONValue.Member {
    .init(name, .integer(Int64(value)))
  }
}
