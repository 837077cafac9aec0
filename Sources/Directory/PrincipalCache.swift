package import KeyDistribution
package import Wire

/// What a store that is elsewhere knows of a name.
package struct Principal: Sendable {
  package var user: UserRecord?
  package var presence: PresenceRecord?
  package var deposits: DepositRecord?

  package init(
    user: UserRecord? = nil, presence: PresenceRecord? = nil, deposits: DepositRecord? = nil
  ) {
    self.user = user
    self.presence = presence
    self.deposits = deposits
  }
}

/// What was found lately, for a bounded time: less when the store says that it has changed.
package struct PrincipalCache: Sendable {
  /// A moment among look-ups and changes. What was found by a look-up that was sent before a
  /// change is not kept.
  package typealias Moment = UInt64

  private struct Slot: Sendable {
    var name: PrincipalName?
    var principal = Principal()
    var found: ContinuousClock.Instant?
    /// Of the last change of a name whose place this is.
    var changed: Moment = 0
  }

  /// How many names there are at most, of about 1 KiB each.
  package static let limit = 16_384

  private let lifetime: Duration
  private var slots: [Slot]
  package private(set) var now: Moment = 0
  /// What was sent before is not kept.
  private var floor: Moment = 0

  package init(lifetime: Duration, limit: Int = PrincipalCache.limit) {
    self.lifetime = lifetime
    slots = [Slot](repeating: Slot(), count: limit)
  }

  /// What was found of a name, if that may still be told.
  package func find(
    _ name: PrincipalName, at moment: ContinuousClock.Instant = .now
  ) -> Principal? {
    let slot = slots[place(of: name)]
    guard slot.name == name, let found = slot.found, found.duration(to: moment) < lifetime else {
      return nil
    }
    return slot.principal
  }

  package mutating func insert(
    _ principal: Principal, of name: PrincipalName, sent: Moment, at found: ContinuousClock.Instant
  ) {
    let place = place(of: name)
    guard sent >= floor, sent >= slots[place].changed else { return }
    slots[place].name = name
    slots[place].principal = principal
    slots[place].found = found
  }

  /// The name has changed.
  package mutating func forget(_ name: PrincipalName) {
    now += 1
    let place = place(of: name)
    slots[place] = Slot(changed: now)
  }

  /// Anything may have changed.
  package mutating func forgetAll() {
    now += 1
    floor = now
    for place in slots.indices where slots[place].name != nil { slots[place] = Slot() }
  }

  /// By the standard library's hash, keyed for each process: nobody can choose names that meet.
  private func place(of name: PrincipalName) -> Int {
    Int(UInt(bitPattern: name.hashValue) % UInt(slots.count))
  }
}
