import Wire

/// Who cannot reach whom for a while: nothing between the two sides arrives.
final class Partitions {
  /// Two sides of a cut. A mailbox and a store have one side to be on, too.
  enum Place: Hashable {
    case endpoint(Endpoint)
    case mailbox
    case store
  }

  private struct Cut {
    let one: Set<Place>
    let other: Set<Place>
  }

  private unowned let world: World
  private var cuts: [Int: Cut] = [:]
  private var lastCut = 0

  init(_ world: World) { self.world = world }

  /// Cuts now and then, and heals some time later.
  func start() {
    world.after(.random(10_000...300_000, &world.choices)) { [self] _ in
      cut()
      start()
    }
  }

  private func cut() {
    var places: [Place] = world.people.map { .endpoint($0.endpoint) }
    places += world.centers.map { .endpoint($0.endpoint) }
    places += [.mailbox, .store]
    var one: Set<Place> = []
    // One alone, or one half from the other.
    if world.choices.chance(600) {
      one = [world.choices.pick(places)]
    } else {
      for place in places where world.choices.chance(500) { one.insert(place) }
    }
    lastCut += 1
    let number = lastCut
    cuts[number] = Cut(one: one, other: Set(places).subtracting(one))
    world.note(.partitioned, "\(one.count) of \(places.count)")
    world.after(.random(500...150_000, &world.choices)) { [self] _ in cuts[number] = nil }
  }

  /// Whoever listens on the way is on every side.
  func separate(_ one: Place, _ other: Place) -> Bool {
    cuts.values.contains { cut in
      cut.one.contains(one) && cut.other.contains(other)
        || cut.one.contains(other) && cut.other.contains(one)
    }
  }

  func cutsStore(from center: Int) -> Bool { separate(.store, .endpoint(.center(center))) }
}
