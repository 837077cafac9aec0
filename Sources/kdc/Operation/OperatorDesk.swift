import Cryptography
import Directory
import KeyDistribution
import Operation
import Synchronization
import SystemClock
import Wire

/// Does what an operator asks, on the files of a KDC, whether it serves or not. Called on threads
/// that may wait for the disk.
final class OperatorDesk: Sendable {
  let keys: KeyStore
  let center: KeyDistributionCenter
  let directory: any RealmStore
  let log: @Sendable (CenterEvent, Timestamp) -> Void
  /// How often a user is tried who is being changed at the same moment.
  private static let tries = 20

  /// Nil when no KDC serves.
  private let status: ServingStatus?
  /// One rotation at a time.
  let rotation = Mutex(false)

  init(
    _ files: RealmFiles, status: ServingStatus? = nil,
    log: @escaping @Sendable (CenterEvent, Timestamp) -> Void
  ) {
    self.status = status
    keys = files.keys
    center = files.center
    directory = files.directory
    self.log = log
  }

  /// - Parameter emit: takes what there is a lot of, one value after the other; false ends that.
  /// - Returns: what came of it, to be shown.
  func carryOut(
    _ request: OperatorRequest, emit: (JSONValue) -> Bool
  ) throws(OperatorFailure) -> JSONValue {
    switch request {
    case .list: return try list(emit)
    case .show(let name): return try description(of: name)
    case .disable(let name):
      return try change(name, .disabled) { (user, random) throws(AdministrationFailure) in
        try center.keys.disabling(user, random: &random)
      }
    case .enable(let name):
      return try change(name, .enabled) { (user, _) throws(AdministrationFailure) in
        try center.keys.enabling(user)
      }
    case .remove(let name):
      return try change(name, .removed) { (user, random) throws(AdministrationFailure) in
        try center.keys.vacating(user, as: .removed, random: &random)
      }
    case .reset(let name, let life):
      _ = try change(name, .reset) { (user, random) throws(AdministrationFailure) in
        try center.keys.vacating(user, as: .reset, random: &random)
      }
      return try invite(name, life)
    case .allow(let name, let callers):
      guard UserFile.fits(callers: callers ?? []) else {
        throw OperatorFailure("these are too many names for one user: 400 characters at most")
      }
      return try change(name, .allowed) { (user, _) throws(AdministrationFailure) in
        try center.keys.allowing(user, callers: callers)
      }
    case .invite(let name, let life):
      if let name, let present = try record(name), !present.state.isVacant {
        throw OperatorFailure("\(name) is registered: \"kdc users reset\" invites its owner anew")
      }
      return try invite(name, life)
    case .add(let line): return try add(line)
    case .rotateStorageKey: return try rotateStorageKey()
    case .rotateIdentity: return try rotateIdentity()
    case .status:
      guard let status else { throw OperatorFailure("no KDC serves there") }
      return status.json
    }
  }

  // MARK: Users

  private func record(_ name: PrincipalName) throws(OperatorFailure) -> UserRecord? {
    try records(RecordQuery(users: [name], acceptsCopies: false)).users[name]
  }

  private func description(of name: PrincipalName) throws(OperatorFailure) -> JSONValue {
    let records = try records(
      RecordQuery(users: [name], presences: [name], acceptsCopies: false))
    guard let user = records.users[name] else { throw OperatorFailure("there is no user \(name)") }
    return description(of: user, presence: records.presences[name])
  }

  private func records(_ query: RecordQuery) throws(OperatorFailure) -> Records {
    do throws(DirectoryUnavailable) {
      return try directory.records(query, at: SystemClock.now)
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  private func user(_ name: PrincipalName) throws(OperatorFailure) -> UserRecord {
    guard let user = try record(name) else { throw OperatorFailure("there is no user \(name)") }
    return user
  }

  private func list(_ emit: (JSONValue) -> Bool) throws(OperatorFailure) -> JSONValue {
    let now = SystemClock.now
    var count = 0
    var isWanted = true
    do throws(DirectoryUnavailable) {
      let presences = [PrincipalName: PresenceRecord](
        try directory.presences(at: now).map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      try directory.visitUsers { user in
        guard isWanted else { return }
        count += 1
        isWanted = emit(description(of: user, presence: presences[user.name]))
      }
    } catch {
      throw OperatorFailure("\(error)")
    }
    return .object([.init("count", .integer(Int64(count)))])
  }

  private func description(of user: UserRecord, presence: PresenceRecord?) -> JSONValue {
    let isPresent = user.state == .active && presence?.keyVersion == user.keyVersion
    var members: [JSONValue.Member] = [
      .init("name", .text("\(user.name)")), .init("state", .text(user.state.rawValue)),
      .init("kvno", .integer(Int64(user.keyVersion))),
      .init("registered-from", .text("\(user.address)")),
      .init(
        "fingerprint",
        user.identity.map {
          .text("\(Fingerprint(of: $0, name: user.name, realmID: center.keys.realm.id))")
        } ?? .null),
      .init("callers", user.callers.map { .array($0.map { .text("\($0)") }) } ?? .null),
    ]
    if isPresent, let presence {
      members.append(.init("receives-at", .array(presence.addresses.map { .text("\($0)") })))
    }
    return .object(members)
  }

  private func change(
    _ name: PrincipalName, _ act: CenterEvent.OperatorAct,
    _ edit: (UserRecord, inout SystemRandom) throws(AdministrationFailure) -> UserRecord
  ) throws(OperatorFailure) -> JSONValue {
    var random = SystemRandom()
    let round = directory.changes.begin()
    defer { directory.changes.end(round) }
    for _ in 0..<Self.tries {
      let present = try user(name)
      let changed: UserRecord
      do throws(AdministrationFailure) {
        changed = try edit(present, &random)
      } catch {
        throw Self.words(error, name)
      }
      switch directory.waiting({ directory.replace(present, with: changed, answer: $0) }) {
      case .done:
        let now = SystemClock.now
        if changed.state != .active {
          _ = wait(for: .withdraw(name, loginTime: Timestamp(milliseconds: .max)))
        }
        log(CenterEvent(act, name: name), now)
        // Made it is, also where that cannot be told whole.
        let query = RecordQuery(presences: [name])
        let found = directory.waiting { directory.lookUp(query, at: now, answer: $0) }
        return description(of: changed, presence: (try? found.get())?.presences[name])
      case .conflict: continue
      case .failed, .notInvited: throw Self.unwritten
      }
    }
    throw OperatorFailure("\(name) is being changed all the time; try again")
  }

  static var unwritten: OperatorFailure {
    OperatorFailure("the change could not be written; the KDC's messages say why")
  }

  private static func words(
    _ failure: AdministrationFailure, _ name: PrincipalName
  ) -> OperatorFailure {
    switch failure {
    case .state(.active): OperatorFailure("\(name) is active")
    case .state(.disabled): OperatorFailure("\(name) is disabled")
    case .state(.removed): OperatorFailure("\(name) has been removed")
    case .state(.reset): OperatorFailure("\(name) has been reset")
    case .damagedRecord:
      OperatorFailure("the digest of \(name) does not open; \"kdc check\" looks at the whole file")
    case .keyVersionsUsedUp: OperatorFailure("no key version number is left for \(name)")
    }
  }

  private func wait(for change: DirectoryChange) -> ChangeOutcome {
    directory.waiting { directory.apply(change, at: SystemClock.now, answer: $0) }
  }

  // MARK: Invitations

  private func invite(
    _ name: PrincipalName?, _ life: Interval
  ) throws(OperatorFailure) -> JSONValue {
    var random = SystemRandom()
    let invitation = Invitation(random: &random)
    let now = SystemClock.now
    let record = InvitationRecord(hash: invitation.hash, name: name, expires: now + life)
    switch directory.waiting({ directory.add(record, at: now, answer: $0) }) {
    case .done: break
    case .conflict: throw OperatorFailure("there are too many open invitations")
    case .failed, .notInvited: throw Self.unwritten
    }
    log(CenterEvent(.invited, name: name), now)
    return .object([
      .init("invitation", .text(invitation.word)),
      .init("name", name.map { .text("\($0)") } ?? .null),
      .init("expires", .text(SystemClock.text(record.expires))),
    ])
  }

  // MARK: Whole realms

  /// The same user with a key version number that nobody had before: no ticket comes back to life.
  private func successor(
    _ user: UserRecord, of present: UserRecord
  ) throws(OperatorFailure) -> UserRecord {
    var random = SystemRandom()
    do throws(AdministrationFailure) {
      return try center.keys.succeeding(present, by: user, random: &random)
    } catch {
      throw Self.words(error, user.name)
    }
  }

  private func add(_ line: String) throws(OperatorFailure) -> JSONValue {
    let round = directory.changes.begin()
    defer { directory.changes.end(round) }
    guard var user = RecordLines.user(line), center.keys.isSound(user) else {
      throw OperatorFailure("this is no user of this realm")
    }
    if let present = try record(user.name) {
      guard present.state == .removed else {
        throw OperatorFailure(
          "\(user.name) is there already; to have the imported one instead, "
            + "\"kdc users remove \(user.name)\" first")
      }
      user = try successor(user, of: present)
    }
    switch wait(for: .register(user)) {
    case .done:
      log(CenterEvent(.imported, name: user.name), SystemClock.now)
      return .object([.init("name", .text("\(user.name)"))])
    case .conflict: throw OperatorFailure("\(user.name) is being changed; try again")
    case .failed, .notInvited: throw Self.unwritten
    }
  }
}
