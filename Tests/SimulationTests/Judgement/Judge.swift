import Cryptography
import KeyDistribution
import MailboxService
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
  /// When a KDC has written all of it to its file, and waited for that.
  var presenceWritten = World.start
  /// When a store's primary was lost.
  var promotions: [Timestamp] = []
  var presences: [PrincipalName: KnownPresence] = [:]
  var epochEnds: [[UInt8]: Timestamp] = [:]

  // What the directory must hold.
  var acknowledged: [(person: Person, record: UserRecord)] = []
  /// Who heard that while nobody could look.
  var unseen: [Person] = []
  var changes: [PrincipalName: [KnownChange]] = [:]
  /// Of what was looked at last.
  var checkedVersion: Int?

  // What happened between peers.
  var usedEphemerals: Set<[UInt8]> = []
  var answeredInitiations: Set<[UInt8]> = []
  var sessions: [[UInt8]: KnownSession] = [:]
  var deposits: [[UInt8]: KnownDeposit] = [:]
  /// What is stored with the mailbox, in the order in which that was told.
  var storedDeposits: [DepositID: StoredBytes] = [:]
  var storedOrder: [DepositID] = []
  var letGo: Set<DepositID> = []
  /// The logins of each person of which the KDC has told that they open deposits.
  var depositLogins: [[UInt8]: [AgreementPublicKey]] = [:]
  /// Of the login that opens deposits, by receiver.
  var depositVersions: [PrincipalName: UInt32] = [:]

  init(_ world: World) { self.world = world }

  /// How long what the KDC does takes at most between its look at the clock and the judge's.
  static let slack = Interval.milliseconds(500)

  /// The same for a KDC that first has to ask a store, and then make it change something.
  var slack: Interval { isShared ? .milliseconds(2_500) : Self.slack }

  /// How long what was looked up before may be told again (OPERATIONS.md).
  var staleness: Interval {
    isShared ? StoreLink.staleness + .milliseconds(2_500) : Self.slack
  }

  /// How far the clocks of KDCs are apart at most.
  var disagreement: Interval { .milliseconds(isShared ? 4_500 : 0) }

  private var isShared: Bool { world.weather.hasReplicas }

  func report(_ rule: Violation.Rule, _ detail: String) {
    if violation == nil { violation = Violation(rule, detail, in: world) }
  }
}
