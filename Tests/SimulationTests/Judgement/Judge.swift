import KeyDistribution
import SecretMemory
import Wire

/// Knows what really happened, from all sides, and says when something did that must not.
///
/// Its tables are looked up and never iterated where order would count: their order differs from
/// run to run.
final class Judge {
  unowned let world: World
  private(set) var violation: Violation?

  // What clients asked of the KDC, by the message, and what it granted.
  var requests: [[UInt8]: Request] = [:]
  var tickets: [[UInt8]: IssuedTicket] = [:]
  var issueTimes: [[UInt8]: Timestamp] = [:]
  var presences: [PrincipalName: KnownPresence] = [:]
  var epochEnds: [[UInt8]: Timestamp] = [:]

  // What the directory must hold.
  var acknowledged: [(person: Person, record: UserRecord)] = []
  var changes: [PrincipalName: [KnownChange]] = [:]

  // What happened between peers.
  var usedEphemerals: Set<[UInt8]> = []
  var answeredInitiations: Set<[UInt8]> = []
  var sessions: [[UInt8]: KnownSession] = [:]
  var deposits: [[UInt8]: KnownDeposit] = [:]
  /// Of the login that opens deposits, by receiver.
  var depositVersions: [PrincipalName: UInt32] = [:]

  init(_ world: World) { self.world = world }

  /// How long what the KDC does takes at most between its look at the clock and the judge's.
  static let slack = Interval.milliseconds(500)

  func report(_ rule: Violation.Rule, _ detail: String) {
    if violation == nil { violation = Violation(rule, detail, in: world) }
  }
}
