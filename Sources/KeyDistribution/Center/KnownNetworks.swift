internal import Wire

/// From which networks the owner of a name has come lately, in bounded memory.
///
/// Only who proves to know the secret is entered, and each name has few places: others cannot fill
/// it but with names of their own.
struct KnownNetworks {
  private struct Visit {
    let network: UInt64
    var time: Timestamp
  }

  private let namesLimit: Int
  private let networksLimit: Int
  private let lifetime: Interval
  private var visits: [UInt64: [Visit]] = [:]
  /// Every key of `visits` once, and where to look next for one that can go.
  private var names: [UInt64] = []
  private var next = 0

  /// How many names are compared when one has to go.
  private static let looks = 8

  init(names: Int, networksOfEach: Int, lifetime: Interval) {
    namesLimit = max(1, names)
    networksLimit = max(1, networksOfEach)
    self.lifetime = lifetime
  }

  func contains(_ network: UInt64, of name: UInt64, at now: Timestamp) -> Bool {
    visits[name]?.contains { $0.network == network && now.since($0.time) < lifetime } ?? false
  }

  mutating func insert(_ network: UInt64, of name: UInt64, at now: Timestamp) {
    if visits[name] == nil { makeRoom(for: name) }
    var known = visits[name, default: []]
    known.removeAll { $0.network == network }
    // In the order of their times: the oldest goes.
    if known.count >= networksLimit { known.removeFirst() }
    known.append(Visit(network: network, time: now))
    visits[name] = known
  }

  private mutating func makeRoom(for name: UInt64) {
    guard names.count >= namesLimit else { return names.append(name) }
    let places = (0..<Self.looks).map { (next + $0) % names.count }
    let oldest = places.min { latest(names[$0]) < latest(names[$1]) } ?? next
    visits[names[oldest]] = nil
    names[oldest] = name
    next = (next + Self.looks) % names.count
  }

  private func latest(_ name: UInt64) -> Timestamp {
    visits[name]?.last?.time ?? Timestamp(milliseconds: 0)
  }
}
