import KeyDistribution
import Wire

/// A store in memory that keeps to what `DirectoryChange` and `ChangeOutcome` document.
struct MemoryDirectory {
  var users: [PrincipalName: UserRecord] = [:]
  var presences: [PrincipalName: PresenceRecord] = [:]
  var deposits: [PrincipalName: DepositRecord] = [:]

  func lookUp(_ query: RecordQuery) -> Records {
    Records(
      users: users.filter { query.users.contains($0.key) },
      presences: presences.filter { query.presences.contains($0.key) },
      deposits: query.deposits.flatMap { deposits[$0] },
      services: query.services.map { query in
        presences.values.filter { $0.service == query.service }.map(\.name).sorted()
          .filter { name in query.after.map { name > $0 } ?? true }
      } ?? [])
  }

  mutating func apply(_ change: DirectoryChange) -> ChangeOutcome {
    switch change {
    case .register(let user), .registerInvited(let user, _):
      let present = users[user.name]
      guard present.map({ $0.state == .removed }) ?? true else { return .conflict }
      users[user.name] = user
    case .update(let user, let replacing):
      guard users[user.name]?.keyVersion == replacing else { return .conflict }
      users[user.name] = user
    case .announce(let presence):
      guard !hasLater(presence.name, than: presence.loginTime) else { return .conflict }
      presences[presence.name] = presence
    case .withdraw(let name, let loginTime):
      guard !hasLater(name, than: loginTime) else { return .conflict }
      presences[name] = nil
    case .takeDeposits(let record):
      let present = deposits[record.name]
      guard present.map({ $0.loginTime <= record.loginTime }) ?? true else { return .conflict }
      deposits[record.name] = record
    }
    return .done
  }

  private func hasLater(_ name: PrincipalName, than loginTime: Timestamp) -> Bool {
    presences[name].map { $0.loginTime > loginTime } ?? false
  }
}
