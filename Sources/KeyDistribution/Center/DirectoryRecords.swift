public import Wire

/// The records that a request needs. The machine asks, its caller looks them up wherever they are.
public struct RecordQuery: Hashable, Sendable {
  /// Whose `UserRecord` is wanted.
  public var users: [PrincipalName]
  /// Whose `PresenceRecord` is wanted.
  public var presences: [PrincipalName]

  public init(users: [PrincipalName] = [], presences: [PrincipalName] = []) {
    self.users = users
    self.presences = presences
  }
}

/// What a store knows of the names in a query. A name without an entry has no record.
public struct Records: Hashable, Sendable {
  /// Records of removed users are among them: their key version numbers still count.
  public var users: RecordTable<UserRecord>
  /// Only records that are alive.
  public var presences: RecordTable<PresenceRecord>

  public init(
    users: [PrincipalName: UserRecord] = [:], presences: [PrincipalName: PresenceRecord] = [:]
  ) {
    self.users = RecordTable(users)
    self.presences = RecordTable(presences)
  }
}

/// The one or two records that a query is about, by name: so few that a dictionary only costs.
public struct RecordTable<Record: Hashable & Sendable>: Hashable, Sendable {
  @usableFromInline
  internal struct Entry: Hashable, Sendable {
    @usableFromInline internal let name: PrincipalName
    @usableFromInline internal var record: Record

    @inlinable
    internal init(name: PrincipalName, record: Record) {
      self.name = name
      self.record = record
    }
  }

  /// In the order of their names, so that equal tables are the same.
  @usableFromInline internal var entries: [Entry] = []

  init(_ records: [PrincipalName: Record]) {
    for (name, record) in records { self[name] = record }
  }

  /// The records, in the order of their names.
  public var values: [Record] { entries.map(\.record) }

  // To be compiled for each kind of record where it is used: generic code costs more than all else.
  @inlinable public subscript(name: PrincipalName) -> Record? {
    get {
      guard let place = entries.firstIndex(where: { $0.name == name }) else { return nil }
      return entries[place].record
    }
    set {
      var place = 0
      while place < entries.count, entries[place].name < name { place += 1 }
      let isThere = place < entries.count && entries[place].name == name
      switch newValue {
      case let record? where isThere: entries[place].record = record
      case let record?: entries.insert(Entry(name: name, record: record), at: place)
      case nil where isThere: entries.remove(at: place)
      case nil: break
      }
    }
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
