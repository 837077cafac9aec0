internal import Wire

/// What a page about an audit tells: gathered line by line, in limited memory.
public struct AuditReport {
  /// Who asked for a key to talk to whom.
  struct Pair: Hashable, Comparable {
    let asker: String
    let peer: String

    static func < (one: Pair, other: Pair) -> Bool {
      (one.asker, one.peer) < (other.asker, other.peer)
    }
  }

  private(set) var series = TimeSeries()
  private(set) var events = Tally<String>()
  private(set) var pairs = Tally<Pair>()
  private(set) var reasons = Tally<String>()
  /// Addresses without their ports.
  private(set) var refusedSources = Tally<String>()
  /// Of the KDC, as the trail says.
  private(set) var realm: String?
  /// Events that have no record, by the trail's own account.
  private(set) var unrecorded = 0
  private(set) var period: ClosedRange<Int>?

  public init() {}

  /// - Parameter line: without its newline. What is no record is passed over: verification tells.
  public mutating func take(_ line: [UInt8]) {
    guard let record = try? JSONValue(line), let event = record["event"]?.text else { return }
    events.count(event)
    let moment = record["time"]?.text.flatMap { ReportTime.seconds($0) }
    if let moment {
      series.cover(moment)
      period = min(period?.lowerBound ?? moment, moment)...max(period?.upperBound ?? 0, moment)
    }
    let kind: TimeSeries.Kind
    switch event {
    case "logged-in": kind = .logins
    case "key-issued":
      kind = .keys
      if let name = record["name"]?.text, let peer = record["for"]?.text {
        pairs.count(Pair(asker: name, peer: peer))
      }
    case "refused":
      kind = .refusals
      reasons.count(record["reason"]?.text ?? "no reason told")
      if let source = record["from"]?.text { refusedSources.count(Self.withoutPort(source)) }
    case "lost", "gap":
      let count = Int(clamping: record["events"]?.integer ?? 0)
      unrecorded = unrecorded.addingReportingOverflow(max(0, count)).partialValue
      return
    case "started", "continued":
      realm = realm ?? record["realm"]?.text
      return
    default: return
    }
    if let moment { series.count(kind, at: moment) }
  }

  private static func withoutPort(_ address: String) -> String {
    guard let colon = address.lastIndex(of: ":") else { return address }
    return String(address[..<colon])
  }
}
