import Wire

/// A KDC, its clients and those who wish them ill, in one thread and in virtual time.
///
/// Every decision comes out of the seed. swift-crypto's HPKE takes its encapsulation from the
/// system's generator, so ciphertext bytes differ from run to run; no decision depends on such
/// bytes, only on lengths and on what becomes of a message, and so a seed replays its schedule.
final class World {
  let seed: UInt64
  let plant: Plant?
  private(set) var weather: Weather
  /// Decides what happens when.
  var choices: SeededRandom
  /// Decides when the KDC lies, and what it makes up.
  var lies: SeededRandom
  /// Decides what is left with the mailbox, and what that makes of it.
  var mail: SeededRandom
  /// Makes every key, nonce and digest.
  var keys: SeededRandom
  private(set) var now: Timestamp
  private var schedule = Schedule()
  private var lastChannel = 0
  /// What happened, for whoever has to understand a failure.
  private(set) var journal: [String] = []
  private(set) var counts: [Event: Int] = [:]

  private(set) lazy var judge = Judge(self)
  private(set) lazy var network = Network(self)
  private(set) lazy var mailbox = SimulatedMailbox(self)
  private(set) lazy var center = SimulatedCenter(self)
  private(set) var people: [Person] = []

  /// What is counted, to see that a simulation is not an empty one.
  enum Event: Hashable, CaseIterable {
    case registered, nameLost, changed, kept, loggedIn, announced, probed, ticketed, established,
      resumed, transferred, left, collected, depositRefused
    case lied, distrusted
    case dropped, corrupted, held, injected, restarted, refused, handshakeRefused, served
  }

  /// 20 minutes to a full hour, so that a key of the TGT ratchet is changed under way.
  static let start = Timestamp(milliseconds: 1_767_225_600_000) + .minutes(40)
  static let duration = Interval.minutes(30)

  /// - Parameter weather: nil for what the seed has.
  init(seed: UInt64, plant: Plant? = nil, weather: Weather? = nil) {
    self.seed = seed
    self.plant = plant
    choices = SeededRandom(seed: seed, stream: 1)
    keys = SeededRandom(seed: seed, stream: 2)
    let drawn = Weather(&choices)
    self.weather = weather ?? drawn
    lies = SeededRandom(seed: seed, stream: 4)
    mail = SeededRandom(seed: seed, stream: 5)
    if weather == nil { self.weather.hasLies = lies.chance(500) }
    now = Self.start
  }

  /// Runs until the end or the first violation.
  func run() -> Violation? {
    populate()
    let end = Self.start + Self.duration
    while judge.violation == nil, let event = schedule.next(until: end) {
      now = event.time
      event.action()
      judge.checkDirectory()
    }
    return judge.violation
  }

  private func populate() {
    let population = choices.number(in: 4...6)
    for index in 0..<population {
      // The first two want the same name.
      let person = Person(self, index: index, name: "user\(max(index, 1))")
      people.append(person)
      let start = index < 2 ? Interval.random(0...60, &choices) : .random(0...30_000, &choices)
      after(start) { _ in person.signIn() }
    }
    center.start()
    if weather.hasAttacker { Attacker(self).start() }
    if weather.hasInsider, let last = people.last { Insider(last).start() }
  }

  func after(_ interval: Interval, _ action: @escaping (World) -> Void) {
    at(now + interval, action)
  }

  func at(_ time: Timestamp, _ action: @escaping (World) -> Void) {
    schedule.add(at: time) { [unowned self] in action(self) }
  }

  func newChannel() -> Int {
    lastChannel += 1
    return lastChannel
  }

  func deliver(_ packet: Packet) {
    switch packet.to {
    case .center: center.receive(packet)
    case .person(let index) where index < people.count: people[index].receive(packet)
    case .person, .attacker: break
    }
  }

  func note(_ event: Event, _ text: @autoclosure () -> String) {
    count(event)
    journal.append("\(now.since(Self.start).milliseconds) ms: \(event): \(text())")
  }

  func count(_ event: Event) { counts[event, default: 0] += 1 }
}
