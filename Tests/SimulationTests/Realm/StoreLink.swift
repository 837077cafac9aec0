import KeyDistribution
import Wire

@testable import Directory

/// A KDC's connection to the store, with the rules of `LookUps` and `Changes`: what was found lately
/// is told again, by the program's own `PrincipalCache`, until a notice or five seconds; what was
/// on its way when the connection broke has failed; whoever connects again forgets everything.
final class StoreLink: SimulatedRealm {
  private unowned let world: World
  private let store: SimulatedStore
  /// Which KDC.
  private let index: Int
  private var cache: PrincipalCache
  private var isConnected = false
  private var isOpen = false
  /// Which connection this is, of how many.
  private var connection = 0
  /// What has been asked on this connection and not been answered: it fails with it.
  private var waiting: [Int: () -> Void] = [:]
  private var lastRequest = 0
  /// Nothing on a connection overtakes anything.
  private var lastArrival = Timestamp(milliseconds: 0)

  /// How long is waited for the store before the connection is given up.
  private static let patience = Interval.seconds(2)
  private static let start = ContinuousClock.now
  /// Far fewer names than places.
  private static let cacheLimit = 2048

  /// How much older than a change what a KDC tells can be, at most: what was found is told again,
  /// and was on its way before.
  static let staleness = Interval.seconds(5) + .milliseconds(300)

  init(_ world: World, _ store: SimulatedStore, index: Int) {
    self.world = world
    self.store = store
    self.index = index
    cache = Self.emptyCache(world)
    store.add(self)
  }

  private static func emptyCache(_ world: World) -> PrincipalCache {
    PrincipalCache(
      lifetime: .seconds(world.plant == .replicaKeepsCopies ? 600 : 5), limit: cacheLimit)
  }

  /// Virtual time as the cache takes it.
  private var moment: ContinuousClock.Instant {
    Self.start.advanced(
      by: .milliseconds(Int64(world.now.since(World.start).milliseconds)))
  }

  private var isReachable: Bool { !store.isAway && !world.partitions.cutsStore(from: index) }

  // MARK: The process

  var isUsable: Bool { isOpen }

  func open(at now: Timestamp) -> Bool {
    cache = Self.emptyCache(world)
    isOpen = true
    connect()
    return true
  }

  func close() {
    isOpen = false
    breakOff()
  }

  private func connect() {
    guard isOpen, !isConnected else { return }
    guard isReachable else {
      return world.after(.seconds(1)) { [weak self] _ in self?.connect() }
    }
    connection += 1
    isConnected = true
    // Nobody has told what has changed meanwhile.
    if world.plant != .replicaKeepsCopies { cache.forgetAll() }
  }

  /// The connection is lost, with all that was on its way.
  func breakOff() {
    guard isConnected else { return }
    isConnected = false
    connection += 1
    let lost = waiting.sorted { $0.key < $1.key }.map(\.value)
    waiting = [:]
    for fail in lost { fail() }
    world.after(.seconds(1)) { [weak self] _ in self?.connect() }
  }

  /// Does something when the connection has carried it there, or back, in its order.
  private func carry(_ action: @escaping () -> Void) {
    let connection = connection
    lastArrival = max(lastArrival, world.now + .random(0...100, &world.choices))
    world.at(lastArrival) { [weak self] _ in
      guard let self, self.connection == connection, isReachable else { return }
      action()
    }
  }

  /// Asks something of the store.
  ///
  /// - Parameters:
  ///   - ask: does it there, and calls what it is given with a way back.
  ///   - fail: is called if no answer comes.
  private func request(
    _ ask: @escaping (_ answer: @escaping (@escaping () -> Void) -> Void) -> Void,
    orElse fail: @escaping () -> Void
  ) {
    lastRequest += 1
    let request = lastRequest
    waiting[request] = fail
    carry { [weak self] in
      ask { action in
        self?.carry {
          guard self?.waiting.removeValue(forKey: request) != nil else { return }
          action()
        }
      }
    }
    let connection = connection
    world.after(Self.patience) { [weak self] _ in
      guard let self, self.connection == connection, waiting[request] != nil else { return }
      breakOff()
    }
  }

  // MARK: Records

  func lookUp(_ query: RecordQuery, at now: Timestamp, answer: @escaping (Records?) -> Void) {
    let names = Self.names(of: query)
    if query.acceptsCopies {
      let found = names.map { cache.find($0, at: moment) }
      if found.allSatisfy({ $0 != nil }) {
        world.count(.recalled)
        return answer(Self.records(query, names, found.compactMap { $0 }, at: now))
      }
    }
    guard isConnected else { return answer(nil) }
    let sent = cache.now
    request { [self] reply in
      let found = names.map { store.principal($0, at: now) }
      reply { [self] in
        for (name, principal) in zip(names, found) {
          cache.insert(principal, of: name, sent: sent, at: moment)
        }
        answer(Self.records(query, names, found, at: now))
      }
    } orElse: {
      answer(nil)
    }
  }

  private static func names(of query: RecordQuery) -> [PrincipalName] {
    var names: [PrincipalName] = []
    for name in query.users { names.append(name) }
    for name in query.presences where !names.contains(name) { names.append(name) }
    if let name = query.deposits, !names.contains(name) { names.append(name) }
    return names
  }

  private static func records(
    _ query: RecordQuery, _ names: [PrincipalName], _ found: [Principal], at now: Timestamp
  ) -> Records {
    var records = Records()
    for (name, principal) in zip(names, found) {
      if query.users.contains(name) { records.users[name] = principal.user }
      if query.presences.contains(name), let presence = principal.presence, presence.loginEnd > now
      {
        records.presences[name] = presence
      }
      if query.deposits == name, let deposits = principal.deposits, deposits.until > now {
        records.deposits = deposits
      }
    }
    return records
  }

  func apply(
    _ change: DirectoryChange, at now: Timestamp, answer: @escaping (ChangeOutcome) -> Void
  ) {
    guard isConnected else { return answer(.failed) }
    request { [self] reply in
      store.make(change, at: now) { outcome in
        reply { [self] in
          cache.forget(change.name)
          answer(outcome)
        }
      }
    } orElse: { [self] in
      // It may have been made nevertheless.
      cache.forget(change.name)
      answer(.failed)
    }
  }

  /// The store tells that a name has changed; some notices are lost with their connection.
  func notice(_ name: PrincipalName) {
    guard isConnected, world.plant != .replicaKeepsCopies else { return }
    carry { [weak self] in self?.cache.forget(name) }
  }
}
