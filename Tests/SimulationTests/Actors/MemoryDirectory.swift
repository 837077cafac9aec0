import KeyDistribution
import Wire

@testable import Directory

/// The directory of `FileDirectory` without its files: users by the rules of `UserFile`, presence in
/// the real register. Writing a user takes time, and a crash may come before the end of it.
final class MemoryDirectory {
  /// What is on the disk.
  private(set) var users: [PrincipalName: UserRecord] = [:]
  /// On its way there; these names are reserved.
  private var changing: [UserRecord] = []
  private var register = MemoryDirectory.emptyRegister
  private var deposits: [PrincipalName: DepositRecord] = [:]
  /// What the file of presence holds: a new KDC reads it.
  private var presenceFile: [PresenceLine] = []
  /// A planted bug: a name that is taken or being changed is written over.
  private let overwrites: Bool

  static let presenceLifetime = PresenceTable.lifetime

  private static var emptyRegister: PresenceRegister {
    PresenceRegister(lifetime: presenceLifetime, limit: 1000)
  }

  init(overwrites: Bool) { self.overwrites = overwrites }

  func lookUp(_ query: RecordQuery, at now: Timestamp) -> Records {
    var records = Records()
    for name in query.users { records.users[name] = users[name] }
    for name in query.presences { records.presences[name] = register.record(of: name, at: now) }
    records.deposits = query.deposits.flatMap { deposits[$0] }
    return records
  }

  /// As `DepositFile` does, and on the disk at once.
  func takeDeposits(_ record: DepositRecord) -> ChangeOutcome {
    if let present = deposits[record.name], present.loginTime > record.loginTime {
      return .conflict
    }
    deposits[record.name] = record
    return .done
  }

  /// Begins to write a user; false for a conflict. `commit` or `abandon` ends it.
  func reserve(_ record: UserRecord, replacing keyVersion: UInt32? = nil) -> Bool {
    let isFree: Bool
    if let keyVersion {
      isFree = users[record.name]?.keyVersion == keyVersion && record.keyVersion >= keyVersion
    } else if let present = users[record.name] {
      isFree = present.state == .removed && present.keyVersion < record.keyVersion
    } else {
      isFree = true
    }
    let isReserved = changing.contains { $0.name == record.name }
    guard isFree && !isReserved || overwrites else { return false }
    changing.append(record)
    return true
  }

  /// The record is on the disk.
  func commit(_ record: UserRecord) {
    guard abandon(record) else { return }
    users[record.name] = record
  }

  /// The record is not going to be on the disk.
  @discardableResult
  func abandon(_ record: UserRecord) -> Bool {
    guard let index = changing.firstIndex(of: record) else { return false }
    changing.remove(at: index)
    return true
  }

  func announce(_ record: PresenceRecord, at now: Timestamp) -> ChangeOutcome {
    change(.announced(record), at: now)
  }

  func withdraw(
    _ name: PrincipalName, loginTime: Timestamp, at now: Timestamp
  ) -> ChangeOutcome {
    change(.withdrawn(name, loginTime: loginTime), at: now)
  }

  private func change(_ line: PresenceLine, at now: Timestamp) -> ChangeOutcome {
    switch register.apply(line, at: now) {
    case .changed:
      presenceFile.append(line)
      return .done
    case .unchanged: return .done
    case .laterLoginThere: return .conflict
    case .full: return .failed
    }
  }

  /// The KDC's process is gone and another one begins: what was on its way to the disk has arrived
  /// or has not, and presence is what the file says.
  func crash(at now: Timestamp, random: inout SeededRandom) {
    for record in changing where random.chance(500) { users[record.name] = record }
    changing = []
    register = Self.emptyRegister
    for line in presenceFile { _ = register.apply(line, at: now) }
  }
}
