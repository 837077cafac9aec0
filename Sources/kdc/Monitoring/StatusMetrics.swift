import Directory
import KeyDistribution
import Monitoring
import ServerTransport
import SystemClock
import Wire

/// Everything that Prometheus is told of a KDC: what requests were counted, and what `kdc status`
/// knows. Never a name of a user, an address or a secret.
extension ServingStatus {
  var families: [MetricFamily] {
    let now = SystemClock.now
    let figures = directory.figures(at: now)
    let brakes = center.brakes.counts(at: now)
    let counters = server.counters
    return audit + [
      MetricFamily(
        "trent_kdc_build_info", .gauge, "Which KDC this is; always 1.",
        [
          .init(
            [
              ("protocol", "\(KeyDistributionCenter.protocolVersion)"),
              ("configuration", Self.configuration),
            ], 1)
        ]),
      MetricFamily(
        "process_start_time_seconds", .gauge, "When it began, in seconds since 1970.",
        [.init([], Double(started.milliseconds) / 1000)]),
      Self.labelled(
        "trent_kdc_events_total", .counter, "What was done, by kind.", "event", log.counts.all),
      MetricFamily(
        "trent_kdc_event_lines_lost_total", .counter,
        "Events whose line could not be written into the log.", log.lostLines),
      MetricFamily(
        "trent_kdc_users", .gauge, "Names in the user file or store.", figures.names),
      MetricFamily(
        "trent_kdc_receivers", .gauge, "Users who are present.", figures.receivers),
      MetricFamily(
        "trent_kdc_open_invitations", .gauge, "Invitations that nobody has used yet.",
        figures.openInvitations),
      MetricFamily(
        "trent_kdc_connections", .gauge, "Open TCP connections.", counters.connectionsOpen),
      MetricFamily(
        "trent_kdc_connections_refused_total", .counter,
        "TCP connections closed at once, for limits or brakes.", counters.connectionsRefused),
      MetricFamily(
        "trent_kdc_datagrams_dropped_total", .counter,
        "Datagrams dropped for their length or their source port.", counters.datagramsDropped),
      Self.labelled(
        "trent_kdc_brakes_closed", .gauge, "Names and sources that have to wait now.", "by",
        [("name", brakes.namesWaiting), ("source", brakes.sourcesWaiting)]),
      Self.labelled(
        "trent_kdc_brake_refusals_total", .counter, "What the brakes have stopped.", "brake",
        [
          ("proofs", brakes.proofsRefused), ("sealed-requests", brakes.requestsRefused),
          ("registrations", brakes.registrationsRefused),
          ("connections", brakes.connectionsRefused),
        ]),
      MetricFamily(
        "trent_kdc_epoch_key_age_seconds", .gauge, "The age of the epoch key that is announced.",
        [.init([], center.epochKeyMade.map { Double(now.since($0).milliseconds) / 1000 } ?? .nan)]
      ),
    ]
  }

  /// Nothing without an audit.
  private var audit: [MetricFamily] {
    guard let health = log.auditHealth else { return [] }
    return [
      MetricFamily(
        "trent_kdc_audit_failing", .gauge, "1 while the audit cannot be written.",
        health.failure == nil ? 0 : 1),
      MetricFamily(
        "trent_kdc_audit_events_missing_total", .counter,
        "Events without a record, because the audit could not be written.", health.missing),
    ]
  }

  private static func labelled(
    _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ label: String,
    _ values: [(String, Int)]
  ) -> MetricFamily {
    MetricFamily(
      name, kind, help, values.map { .init([(name: label, value: $0.0)], Double($0.1)) })
  }

  private static var configuration: String {
    #if DEBUG
    "debug"
    #else
    "release"
    #endif
  }
}
