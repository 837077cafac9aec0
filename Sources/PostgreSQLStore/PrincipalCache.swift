#if PostgreSQL
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What the store knows of a name.
struct Principal {
  var user: UserRecord?
  var presence: PresenceRecord?
  var deposits: DepositRecord?
}

/// What was found lately, for a bounded time: less when the store says that it has changed.
struct PrincipalCache {
  /// A moment among look-ups and changes. What was found by a look-up that was sent before a
  /// change is not kept.
  typealias Moment = UInt64

  private struct Slot {
    var name: PrincipalName?
    var principal = Principal()
    var found: ContinuousClock.Instant?
    /// Of the last change of a name whose place this is.
    var changed: Moment = 0
  }

  /// How many names there are at most, of about 1 KiB each.
  static let limit = 16_384

  let lifetime: Duration
  private var slots = [Slot](repeating: Slot(), count: limit)
  private(set) var now: Moment = 0
  /// What was sent before is not kept.
  private var floor: Moment = 0

  init(lifetime: Duration) { self.lifetime = lifetime }

  /// What was found of a name, if that may still be told.
  func find(_ name: PrincipalName) -> Principal? {
    let slot = slots[Self.place(of: name)]
    guard slot.name == name, let found = slot.found, found.duration(to: .now) < lifetime else {
      return nil
    }
    return slot.principal
  }

  mutating func insert(
    _ principal: Principal, of name: PrincipalName, sent: Moment, at found: ContinuousClock.Instant
  ) {
    let place = Self.place(of: name)
    guard sent >= floor, sent >= slots[place].changed else { return }
    slots[place].name = name
    slots[place].principal = principal
    slots[place].found = found
  }

  /// The name has changed.
  mutating func forget(_ name: PrincipalName) {
    now += 1
    let place = Self.place(of: name)
    slots[place] = Slot(changed: now)
  }

  /// Anything may have changed.
  mutating func forgetAll() {
    now += 1
    floor = now
    for place in slots.indices where slots[place].name != nil { slots[place] = Slot() }
  }

  /// By the standard library's hash, keyed for each process: nobody can choose names that meet.
  private static func place(of name: PrincipalName) -> Int {
    Int(UInt(bitPattern: name.hashValue) % UInt(limit))
  }
}
#endif
