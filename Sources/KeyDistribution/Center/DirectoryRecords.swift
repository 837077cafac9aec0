public import Wire

/// The records that a request needs. The machine asks, its caller looks them up wherever they are.
public struct RecordQuery: Hashable, Sendable {
  /// Whose `UserRecord` is wanted.
  public let users: UpToTwo<PrincipalName>
  /// Whose `PresenceRecord` is wanted.
  public let presences: UpToTwo<PrincipalName>
  /// Whose `DepositRecord` is wanted.
  public let deposits: PrincipalName?
  /// Whose names are wanted.
  public let services: ServiceQuery?
  /// Whether a store that is elsewhere may answer from copies that it took a few seconds ago. Not
  /// when a secret is looked at, or a record may be made out of what is found.
  public let acceptsCopies: Bool

  /// What is wanted; empty where it is not.
  public init(
    users: UpToTwo<PrincipalName> = UpToTwo(), presences: UpToTwo<PrincipalName> = UpToTwo(),
    deposits: PrincipalName? = nil, services: ServiceQuery? = nil, acceptsCopies: Bool = true
  ) {
    self.users = users
    self.presences = presences
    self.deposits = deposits
    self.services = services
    self.acceptsCopies = acceptsCopies
  }
}

/// Some of those who serve others in one way and are present.
public struct ServiceQuery: Hashable, Sendable {
  /// How many names an answer has at most: as many as fit into a datagram.
  public static let limit = 12

  /// What they serve.
  public let service: ServiceKind
  /// The names wanted are the first ones after this one; nil: of all.
  public let after: PrincipalName?

  /// A page of those who serve so.
  public init(_ service: ServiceKind, after: PrincipalName?) {
    self.service = service
    self.after = after
  }
}

/// What a store knows of the names in a query. A name without an entry has no record.
public struct Records: Hashable, Sendable {
  /// Records of removed users are among them: their key version numbers still count.
  public var users: RecordTable<UserRecord>
  /// Only records that are alive.
  public var presences: RecordTable<PresenceRecord>
  /// If its time is not over.
  public var deposits: DepositRecord?
  /// In the order of names.
  public var services: [PrincipalName]

  /// None.
  public init() {
    users = RecordTable()
    presences = RecordTable()
    services = []
  }

  /// What was found; absent is who is not there.
  public init(
    users: [PrincipalName: UserRecord] = [:], presences: [PrincipalName: PresenceRecord] = [:],
    deposits: DepositRecord? = nil, services: [PrincipalName] = []
  ) {
    self.users = RecordTable(users)
    self.presences = RecordTable(presences)
    self.deposits = deposits
    self.services = services
  }
}

/// What is kept under the name of a user or a service.
public protocol PrincipalRecord: Hashable, Sendable {
  /// Whose it is.
  var name: PrincipalName { get }
}

/// What is kept of a login, so that others can be given tickets for it.
public protocol LoginRecord: PrincipalRecord {
  /// When the KDC granted the login. Of two records of one name the later login wins.
  var loginTime: Timestamp { get }
  /// The per-login key with the signature of its owner's identity key.
  var loginKey: SignedLoginKey { get }
  /// The key that tickets for the login are sealed under, itself under the storage key: nonce,
  /// ciphertext, tag (60 bytes).
  var sealedTicketKey: [UInt8] { get set }
}

/// The one or two records that a query is about, by name.
public struct RecordTable<Record: PrincipalRecord>: Hashable, Sendable {
  /// What was found, in no order.
  public var values: UpToTwo<Record> { entries }

  /// In the order of their names, so that equal tables are the same.
  @usableFromInline internal var entries = UpToTwo<Record>()

  init() {}

  init(_ records: [PrincipalName: Record]) {
    for (name, record) in records { self[name] = record }
  }

  // To be compiled for each kind of record where it is used: generic code costs more than all else.
  /// The record of this name. A third one is our own mistake, as is one of another name.
  @inlinable public subscript(name: PrincipalName) -> Record? {
    get {
      if let one = entries.one, one.name == name { return one }
      if let other = entries.other, other.name == name { return other }
      return nil
    }
    set {
      var rest = entries
      if rest.one?.name == name {
        rest = rest.other.map { UpToTwo($0) } ?? UpToTwo()
      } else if rest.other?.name == name, let one = rest.one {
        rest = UpToTwo(one)
      }
      entries = newValue.map { Self.sorted($0, beside: rest) } ?? rest
    }
  }

  /// Enters the record of a name that is not there yet.
  @inlinable
  public mutating func add(_ record: Record) {
    entries = Self.sorted(record, beside: entries)
  }

  @inlinable
  internal static func sorted(_ record: Record, beside rest: UpToTwo<Record>) -> UpToTwo<Record> {
    precondition(rest.other == nil)
    guard let neighbour = rest.one else { return UpToTwo(record) }
    return record.name < neighbour.name
      ? UpToTwo(record, neighbour) : UpToTwo(neighbour, record)
  }
}

/// A change that a store makes as a whole or not at all.
public enum DirectoryChange: Hashable, Sendable {
  /// A new user. The name must be free: without a record, or with a removed one of a lower key
  /// version number.
  case register(UserRecord)
  /// The same for who has the invitation of this hash, which must hold for the name and is used up
  /// by it. A user who was reset may be registered so, too.
  case registerInvited(UserRecord, by: [UInt8])
  /// A record in place of the one that has the key version number `replacing`.
  case update(UserRecord, replacing: UInt32)
  /// A receiver's first word of its login, and every refreshment of it. The later login wins.
  case announce(PresenceRecord)
  /// The end of the presence of that login or an earlier one.
  case withdraw(PrincipalName, loginTime: Timestamp)
  /// A receiver's login that shall open deposits from now on. The later login wins.
  case takeDeposits(DepositRecord)
}

/// What became of a change.
public enum ChangeOutcome: Hashable, Sendable {
  /// Made, and a user's record is on disk.
  case done
  /// Not made: the name is taken or being changed, its record has another key version number, or a
  /// later login is there.
  case conflict
  /// Not made: there is no such invitation, or it holds for another name, or no longer.
  case notInvited
  /// Not made, or not durably. The store tells its operator why.
  case failed
}
