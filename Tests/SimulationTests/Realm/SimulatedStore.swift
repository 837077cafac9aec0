import KeyDistribution
import Wire

@testable import Directory

/// The database that several KDCs share, as PostgreSQL with a synchronous standby is one: what is
/// acknowledged is on both servers, but for presence, which follows a moment later. The primary can
/// be lost: then the standby takes its place, with what was on its way there or without.
final class SimulatedStore: RealmTruth {
  struct Content {
    var users: [PrincipalName: UserRecord] = [:]
    var presences: [PrincipalName: (record: PresenceRecord, announced: Timestamp)] = [:]
    var deposits: [PrincipalName: DepositRecord] = [:]
  }

  private unowned let world: World
  private(set) var primary = Content()
  private var standby = Content()
  /// How often another server has taken over.
  private(set) var era = 0
  private(set) var isAway = false
  private var changeCount = 0
  /// Names with a change on its way: others of that name wait, as for the lock of a row.
  private var locked: Set<PrincipalName> = []
  /// Changes of this era on their way to the standby.
  private var flying: [Int: DirectoryChange] = [:]
  private var lastFlight = 0
  /// When the last change of presence arrives at the standby.
  private var lastCopy = Timestamp(milliseconds: 0)
  private(set) var links: [StoreLink] = []

  init(_ world: World) { self.world = world }

  func add(_ link: StoreLink) { links.append(link) }

  // MARK: Asking

  func principal(_ name: PrincipalName, at now: Timestamp) -> Principal {
    let presence = primary.presences[name].flatMap { presence in
      isAlive(presence, at: now) ? presence.record : nil
    }
    let deposits = primary.deposits[name].flatMap { $0.until > now ? $0 : nil }
    return Principal(user: primary.users[name], presence: presence, deposits: deposits)
  }

  private func isAlive(
    _ presence: (record: PresenceRecord, announced: Timestamp), at now: Timestamp
  ) -> Bool {
    presence.announced > now - PresenceTable.lifetime && presence.record.loginEnd > now
  }

  // MARK: Changing

  /// Makes a change, and answers when it is on both servers; not at all when the primary is lost
  /// before.
  func make(
    _ change: DirectoryChange, at now: Timestamp, answer: @escaping (ChangeOutcome) -> Void
  ) {
    switch change {
    case .announce, .withdraw: return answer(makeLoosely(change, at: now))
    default: break
    }
    let name = change.name
    let present = era
    guard !locked.contains(name) else {
      // Whoever has the lock is done soon.
      return world.after(.milliseconds(20)) { [self] _ in
        if era == present { make(change, at: now, answer: answer) }
      }
    }
    guard let changed = carriedOut(change, in: primary, at: now) else { return answer(.conflict) }
    locked.insert(name)
    lastFlight += 1
    let flight = lastFlight
    flying[flight] = change
    // A planted bug: the standby hears of it some time.
    let isEarly = world.plant == .storeCommitsAlone
    if world.weather.hasCrashes, world.choices.chance(120) {
      world.after(.random(0...400, &world.choices)) { [self] _ in losePrimary() }
    }
    if isEarly { settle(change, changed, now, answer) }
    world.after(.random(isEarly ? 1_000...20_000 : 5...300, &world.choices)) { [self] _ in
      guard era == present else { return }
      flying[flight] = nil
      locked.remove(name)
      if let copy = carriedOut(change, in: standby, at: now) { standby = copy }
      if !isEarly, let changed = carriedOut(change, in: primary, at: now) {
        settle(change, changed, now, answer)
      }
    }
  }

  private func settle(
    _ change: DirectoryChange, _ changed: Content, _ now: Timestamp,
    _ answer: (ChangeOutcome) -> Void
  ) {
    primary = changed
    changeCount += 1
    world.judge.written(change, at: now)
    tell(change.name)
    answer(.done)
  }

  private func makeLoosely(_ change: DirectoryChange, at now: Timestamp) -> ChangeOutcome {
    guard let changed = carriedOut(change, in: primary, at: now) else { return .conflict }
    let before = primary.presences[change.name]?.record
    primary = changed
    world.judge.written(change, at: now)
    if before != primary.presences[change.name]?.record { tell(change.name) }
    let present = era
    // In their order: presence that was withdrawn does not come back.
    lastCopy = max(lastCopy, world.now + .random(0...900, &world.choices))
    world.at(lastCopy) { [self] _ in
      if era == present, let copy = carriedOut(change, in: standby, at: now) { standby = copy }
    }
    return .done
  }

  /// The rules of `Statement`; nil: a conflict.
  private func carriedOut(
    _ change: DirectoryChange, in content: Content, at now: Timestamp
  ) -> Content? {
    var content = content
    switch change {
    case .register(let record), .registerInvited(let record, _):
      if let present = content.users[record.name], world.plant != .directoryOverwrites {
        guard present.state == .removed, present.keyVersion < record.keyVersion else { return nil }
      }
      content.users[record.name] = record
    case .update(let record, let keyVersion):
      guard content.users[record.name]?.keyVersion == keyVersion else { return nil }
      content.users[record.name] = record
    case .announce(let record):
      if let present = content.presences[record.name], isAlive(present, at: now),
        present.record.loginTime > record.loginTime
      {
        return nil
      }
      content.presences[record.name] = (record, now)
    case .withdraw(let name, let loginTime):
      guard let present = content.presences[name] else { return content }
      if present.record.loginTime <= loginTime {
        content.presences[name] = nil
      } else if isAlive(present, at: now) {
        return nil
      }
    case .takeDeposits(let record):
      if let present = content.deposits[record.name], present.until > now,
        present.loginTime > record.loginTime
      {
        return nil
      }
      content.deposits[record.name] = record
    }
    return content
  }

  private func tell(_ name: PrincipalName) {
    for link in links { link.notice(name) }
  }

  // MARK: Losing a server

  /// The primary is gone, with every connection to it. The standby is promoted some seconds later,
  /// and there is another one by then.
  func losePrimary() {
    guard !isAway else { return }
    isAway = true
    era += 1
    let lost = flying.sorted { $0.key < $1.key }.map(\.value)
    flying = [:]
    locked = []
    for link in links { link.breakOff() }
    // What was on its way may have arrived.
    for change in lost where world.choices.chance(500) {
      guard let copy = carriedOut(change, in: standby, at: world.now) else { continue }
      standby = copy
      world.judge.written(change, at: world.now)
    }
    world.judge.promoted()
    world.note(.promoted, "store \(era)")
    world.after(.random(500...30_000, &world.choices)) { [self] _ in
      primary = standby
      changeCount += 1
      isAway = false
    }
  }

  // MARK: For the judge

  var version: Int? { isAway ? nil : changeCount }

  func user(_ name: PrincipalName) -> UserRecord? { primary.users[name] }
}

extension DirectoryChange {
  /// Whose record changes.
  var name: PrincipalName {
    switch self {
    case .register(let record), .registerInvited(let record, _), .update(let record, _):
      record.name
    case .announce(let record): record.name
    case .withdraw(let name, _): name
    case .takeDeposits(let record): record.name
    }
  }
}
