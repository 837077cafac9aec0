internal import KeyDistribution
internal import Wire

/// Who is present, by name: the rules, without file or lock.
///
/// A record is alive until its login ends, as long as it is announced again and again. Dead ones
/// are found and dropped a few at a time, with every announcement.
struct PresenceRegister {
  /// What an announcement or a withdrawal did.
  enum Effect {
    /// A record is new, other than before, or gone.
    case changed
    case unchanged
    case laterLoginThere
    case full
  }

  private struct Entry {
    var record: PresenceRecord
    /// Nil once withdrawn.
    var announced: Timestamp?
  }

  private let lifetime: Interval
  private let limit: Int
  private var entries: [PrincipalName: Entry] = [:]
  /// Every name in `entries` once, in the order in which dead ones are looked for.
  private var names: [PrincipalName] = []
  private var nextName = 0
  /// Those who serve others, by what they serve with.
  private var servers: [ServiceKind: SortedNames] = [:]

  init(lifetime: Interval, limit: Int) {
    self.lifetime = lifetime
    self.limit = limit
  }

  /// How many records take room, some dead ones among them.
  var count: Int { entries.count }

  func record(of name: PrincipalName, at now: Timestamp) -> PresenceRecord? {
    guard let entry = entries[name], isAlive(entry, at: now) else { return nil }
    return entry.record
  }

  func living(at now: Timestamp) -> [PresenceRecord] {
    entries.values.filter { isAlive($0, at: now) }.map(\.record)
  }

  func countLiving(at now: Timestamp) -> Int { entries.values.count { isAlive($0, at: now) } }

  /// Makes a change as the file tells it.
  mutating func apply(_ change: PresenceLine, at now: Timestamp) -> Effect {
    switch change {
    case .announced(let record): announce(record, at: now)
    case .withdrawn(let name, let loginTime): withdraw(name, loginTime: loginTime, at: now)
    }
  }

  mutating func announce(_ record: PresenceRecord, at now: Timestamp) -> Effect {
    let name = record.name
    dropDead(at: now, looks: 2)
    guard let present = entries[name] else {
      if entries.count >= limit { dropDead(at: now, looks: 64) }
      guard entries.count < limit else { return .full }
      enter(record, at: now)
      names.append(name)
      return .changed
    }
    let wasAlive = isAlive(present, at: now)
    guard !wasAlive || present.record.loginTime <= record.loginTime else {
      return .laterLoginThere
    }
    enter(record, at: now)
    return wasAlive && present.record == record ? .unchanged : .changed
  }

  private mutating func enter(_ record: PresenceRecord, at now: Timestamp) {
    entries[record.name] = Entry(record: record, announced: now)
    if let service = record.service {
      servers[service, default: SortedNames()].insert(record.name)
    }
  }

  /// The first names of those who serve so, in their order. Those who do so no longer are
  /// forgotten when they are met.
  mutating func names(_ query: ServiceQuery, at now: Timestamp) -> [PrincipalName] {
    var found: [PrincipalName] = []
    var gone: [PrincipalName] = []
    let candidates = servers[query.service]?.names(after: query.after) ?? []
    for name in candidates where found.count < ServiceQuery.limit {
      if record(of: name, at: now)?.service == query.service {
        found.append(name)
      } else {
        gone.append(name)
      }
    }
    servers[query.service]?.remove(gone)
    return found
  }

  /// Ends the presence of that login or an earlier one.
  mutating func withdraw(_ name: PrincipalName, loginTime: Timestamp, at now: Timestamp) -> Effect {
    guard let present = entries[name] else { return .unchanged }
    let wasAlive = isAlive(present, at: now)
    guard present.record.loginTime <= loginTime else {
      return wasAlive ? .laterLoginThere : .unchanged
    }
    // Also of one that is over: a clock that is set back does not bring it back.
    entries[name]?.announced = nil
    return wasAlive ? .changed : .unchanged
  }

  private func isAlive(_ entry: Entry, at now: Timestamp) -> Bool {
    guard let announced = entry.announced else { return false }
    return now.since(announced) < lifetime && now < entry.record.loginEnd
  }

  private mutating func dropDead(at now: Timestamp, looks: Int) {
    for _ in 0..<min(looks, names.count) {
      if nextName >= names.count { nextName = 0 }
      let name = names[nextName]
      if let entry = entries[name], isAlive(entry, at: now) {
        nextName += 1
      } else {
        entries[name] = nil
        names.swapAt(nextName, names.count - 1)
        names.removeLast()
        if names.isEmpty { return }
      }
    }
  }
}
