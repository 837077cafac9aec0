import Glibc
import Testing

@Suite("Everybody in one process, from one seed")
struct SimulationTests {
  /// The first seed to run; the only one, with its journal, if nothing says how many.
  private static let chosenSeed = number("TRENT_SIMULATION_SEED")
  /// How many seeds to run: 500 where all have to be green, 30 while somebody waits.
  private static let runCount =
    number("TRENT_SIMULATION_RUNS")
    ?? (chosenSeed == nil ? (isContinuousIntegration ? 500 : 30) : 1)
  /// Worlds have nothing to do with each other.
  private static let sliceCount: UInt64 = 32

  private static var isContinuousIntegration: Bool { unsafe getenv("CI") != nil }

  private static func number(_ variable: String) -> UInt64? {
    unsafe getenv(variable).flatMap { unsafe UInt64(String(cString: $0)) }
  }

  private struct Outcome: Sendable {
    var counts: [World.Event: Int] = [:]
    var violations: [Violation] = []

    /// A violation is told with its journal, for which the seed is run once more.
    mutating func run(_ seed: UInt64) {
      let world = World(seed: seed, keepsJournal: false)
      if let violation = world.run() {
        violations.append(World(seed: seed).run() ?? violation)
      }
      counts.merge(world.counts, uniquingKeysWith: +)
    }

    mutating func add(_ other: Outcome) {
      counts.merge(other.counts, uniquingKeysWith: +)
      violations += other.violations
    }
  }

  @Test("No seed violates anything, and the seeds together come far")
  func manySeeds() async {
    let first = Self.chosenSeed ?? 1
    let seeds = first..<first + Self.runCount
    if seeds.count == 1 {
      let world = World(seed: first)
      if let violation = world.run() { Issue.record("\(violation)") }
      return print(world.journal.map(\.description).joined(separator: "\n"))
    }
    let start = ContinuousClock.now
    let slices = min(Self.sliceCount, Self.runCount)
    let outcome = await withTaskGroup(of: Outcome.self) { group in
      for slice in 0..<slices {
        group.addTask {
          var outcome = Outcome()
          for seed in seeds where seed % slices == slice { outcome.run(seed) }
          return outcome
        }
      }
      return await group.reduce(into: Outcome()) { $0.add($1) }
    }
    for violation in outcome.violations { Issue.record("\(violation)") }
    print("\(seeds.count) seeds in \(start.duration(to: .now)): \(Self.text(outcome.counts))")
    guard seeds.count >= 30 else { return }
    for event in World.Event.allCases {
      #expect(outcome.counts[event, default: 0] > 0, "nothing was \(event)")
    }
  }

  private static func text(_ counts: [World.Event: Int]) -> String {
    let total = counts.values.reduce(0, +)
    return "\(total) events: "
      + World.Event.allCases.map { "\($0) \(counts[$0, default: 0])" }.joined(separator: ", ")
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
