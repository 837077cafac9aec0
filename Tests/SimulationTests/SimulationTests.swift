import Glibc
import Testing

@Suite("Everybody in one process, from one seed")
struct SimulationTests {
  /// The first seed to run; the only one, with its journal, if nothing says how many.
  private static let chosenSeed = number("TRENT_SIMULATION_SEED")
  /// How many seeds to run. The default takes about ten seconds in a debug build.
  private static let runCount = number("TRENT_SIMULATION_RUNS") ?? (chosenSeed == nil ? 30 : 1)

  private static func number(_ variable: String) -> UInt64? {
    unsafe getenv(variable).flatMap { unsafe UInt64(String(cString: $0)) }
  }

  @Test("No seed violates anything, and the seeds together come far")
  func manySeeds() {
    var counts: [World.Event: Int] = [:]
    let first = Self.chosenSeed ?? 1
    let seeds = first..<first + Self.runCount
    let clock = ContinuousClock()
    let time = clock.measure {
      for seed in seeds {
        let world = World(seed: seed)
        if let violation = world.run() { Issue.record("\(violation)") }
        counts.merge(world.counts, uniquingKeysWith: +)
        if seeds.count == 1 { print(world.journal.joined(separator: "\n")) }
      }
    }
    print("\(seeds.count) seeds in \(time): \(Self.text(counts))")
    guard seeds.count >= 30 else { return }
    for event in World.Event.allCases {
      #expect(counts[event, default: 0] > 0, "nothing was \(event)")
    }
  }

  private static func text(_ counts: [World.Event: Int]) -> String {
    World.Event.allCases.map { "\($0) \(counts[$0, default: 0])" }.joined(separator: ", ")
  }

  @Test("In calm weather every file arrives that a session was made for", arguments: 1...5)
  func calmWeather(seed: UInt64) {
    let world = World(seed: seed, weather: .calm)
    #expect(world.run() == nil)
    let established = world.counts[.established, default: 0]
    #expect(established > 0)
    #expect(world.counts[.transferred] == established)
  }

  @Test("A seed replays its schedule", arguments: 101...103)
  func replay(seed: UInt64) {
    let first = World(seed: seed)
    let second = World(seed: seed)
    #expect(first.run() == nil)
    #expect(second.run() == nil)
    #expect(first.journal.count > 20)
    #expect(first.journal == second.journal)
  }
}
