internal import Cryptography
public import KeyDistribution
internal import SecretMemory
public import Wire

/// Everything that is kept of a realm, to be gone through. May wait for a disk or a store.
public protocol RealmContent {
  /// Calls `body` with the record of every user, in no order. What is changed meanwhile may be told
  /// as it was, or as it is.
  func visitUsers(_ body: (UserRecord) -> Void) throws(DirectoryUnavailable)

  /// Every presence that is alive.
  func presences(at now: Timestamp) throws(DirectoryUnavailable) -> [PresenceRecord]

  /// Every login that takes deposits.
  func deposits(at now: Timestamp) throws(DirectoryUnavailable) -> [DepositRecord]

  /// Every invitation that has not expired, spent ones among them.
  func invitations(at now: Timestamp) throws(DirectoryUnavailable) -> [InvitationState]
}

/// An invitation, and what it was spent on.
public struct InvitationState: Hashable, Sendable {
  public let record: InvitationRecord
  /// The user, and the key version number that it got; nil: nobody has used it.
  public internal(set) var user: UserKey?

  public init(_ record: InvitationRecord, user: UserKey?) {
    self.record = record
    self.user = user
  }
}

/// What tells whether two stores have the same in them: how many records, and the sum of their
/// hashes, which does not depend on their order.
public struct RealmSum: Hashable, Sendable {
  public private(set) var users = 0
  public private(set) var presences = 0
  public private(set) var deposits = 0
  public private(set) var invitations = 0
  private var sum = SIMD4<UInt64>()

  public init(of content: some RealmContent, at now: Timestamp) throws(DirectoryUnavailable) {
    try content.visitUsers { user in
      users += 1
      add(RecordLines.text(of: user))
    }
    for presence in try content.presences(at: now) {
      presences += 1
      add(RecordLines.text(of: presence))
    }
    for record in try content.deposits(at: now) {
      deposits += 1
      add(RecordLines.text(of: record))
    }
    for invitation in try content.invitations(at: now) {
      invitations += 1
      for line in RecordLines.texts(of: invitation) { add(line) }
    }
  }

  private mutating func add(_ line: String) {
    let hash = SHA256.hash([UInt8](line.utf8).bytes)
    for lane in 0..<4 {
      let value = hash[8 * lane..<8 * lane + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      sum[lane] &+= value
    }
  }
}
