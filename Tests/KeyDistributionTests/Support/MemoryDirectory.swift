import KeyDistribution
import Wire

/// A store in memory that keeps to what `DirectoryChange` and `ChangeOutcome` document.
struct MemoryDirectory {
  private(set) var users: [PrincipalName: UserRecord] = [:]
  private(set) var presences: [PrincipalName: PresenceRecord] = [:]
  private(set) var deposits: [PrincipalName: DepositRecord] = [:]
  /// By hash, for whom they are; nil: for anybody.
  var invitations: [[UInt8]: PrincipalName?] = [:]
  /// What becomes of every change instead of what should, when it is set.
  var forcedOutcome: ChangeOutcome?

  func lookUp(_ query: RecordQuery) -> Records {
    Records(
      users: users.filter { query.users.contains($0.key) },
      presences: presences.filter { query.presences.contains($0.key) },
      deposits: query.deposits.flatMap { deposits[$0] },
      services: query.services.map(names) ?? [])
  }

  private func names(_ query: ServiceQuery) -> [PrincipalName] {
    presences.values.filter { $0.service == query.service }.map(\.name).sorted()
      .filter { name in query.after.map { name > $0 } ?? true }
  }

  mutating func apply(_ change: DirectoryChange) -> ChangeOutcome {
    if let forcedOutcome { return forcedOutcome }
    switch change {
    case .registerInvited(let user, let hash):
      guard let name = invitations[hash] else { return .notInvited }
      guard name == nil || name == user.name else { return .notInvited }
      if let present = users[user.name] {
        guard present.state.isVacant, present.keyVersion < user.keyVersion else {
          return .conflict
        }
      }
      invitations[hash] = nil
      users[user.name] = user
    case .register(let user):
      if let present = users[user.name] {
        guard present.state == .removed, present.keyVersion < user.keyVersion else {
          return .conflict
        }
      }
      users[user.name] = user
    case .update(let user, let replacing):
      guard users[user.name]?.keyVersion == replacing else { return .conflict }
      users[user.name] = user
    case .announce(let presence):
      guard !isLater(than: presence.loginTime, presence.name) else { return .conflict }
      presences[presence.name] = presence
    case .withdraw(let name, let loginTime):
      guard !isLater(than: loginTime, name) else { return .conflict }
      presences[name] = nil
    case .takeDeposits(let record):
      if let present = deposits[record.name], present.loginTime > record.loginTime {
        return .conflict
      }
      deposits[record.name] = record
    }
    return .done
  }

  private func isLater(than loginTime: Timestamp, _ name: PrincipalName) -> Bool {
    guard let present = presences[name] else { return false }
    return present.loginTime > loginTime
  }

  // What an operator does, and what goes wrong behind the machine's back.

  mutating func edit(_ name: PrincipalName, _ body: (inout UserRecord) -> Void) {
    guard var user = users[name] else { return }
    body(&user)
    users[name] = user
  }

  mutating func put(_ user: UserRecord) { users[user.name] = user }

  mutating func editPresence(_ name: PrincipalName, _ body: (inout PresenceRecord) -> Void) {
    guard var presence = presences[name] else { return }
    body(&presence)
    presences[name] = presence
  }

  mutating func putDeposits(_ record: DepositRecord) { deposits[record.name] = record }

  mutating func putPresence(_ presence: PresenceRecord) { presences[presence.name] = presence }

  mutating func forgetPresence(of name: PrincipalName) { presences[name] = nil }
}
