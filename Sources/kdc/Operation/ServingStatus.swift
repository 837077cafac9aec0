import Directory
import Glibc
import KeyDistribution
import ServerTransport
import SystemClock
import Wire

/// What an operator is told about a KDC that serves.
struct ServingStatus: Sendable {
  private let started = SystemClock.now
  private let directory: FileDirectory
  private let center: KeyDistributionCenter
  private let log: EventLog
  private let server: RequestServer

  init(_ files: RealmFiles, log: EventLog, server: RequestServer) {
    directory = files.directory
    center = files.center
    self.log = log
    self.server = server
  }

  var json: JSONValue {
    let now = SystemClock.now
    let brakes = center.brakes.counts(at: now)
    let counters = server.counters
    return .object([
      .init("identity", .text(center.keys.realm.word)),
      .init("port", .integer(Int64(server.port))),
      Self.number("uptime-seconds", Int(clamping: now.since(started).milliseconds / 1000)),
      Self.number("memory-kib", Self.memory),
      Self.number("names", directory.users.count),
      Self.number("receivers", directory.presences.records(at: now).count),
      Self.number("open-invitations", directory.invitations.open(at: now).count),
      Self.number("connections", counters.connectionsOpen),
      Self.number("connections-refused", counters.connectionsRefused),
      Self.number("datagrams-dropped", counters.datagramsDropped),
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

  private static func number(_ name: String, _ value: Int) -> JSONValue.Member {
    .init(name, .integer(Int64(value)))
  }

  /// What this process has in memory now, in KiB; 0 where that is not told.
  private static var memory: Int {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 128)
    let count = unsafe read(descriptor, &text, text.count)
    guard count > 0 else { return 0 }
    let fields = text[..<count].split(separator: UInt8(ascii: " "))
    guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else {
      return 0
    }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
  }
}
