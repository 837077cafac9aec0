import KeyDistribution
import SecretMemory
import Wire

/// One KDC or several, a mailbox, their clients and those who wish them ill, in one thread and in virtual time.
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
  private(set) var journal: [Entry] = []
  private(set) var counts: [Event: Int] = [:]

  private(set) lazy var judge = Judge(self)
  private(set) lazy var network = Network(self)
  private(set) lazy var partitions = Partitions(self)
  private(set) lazy var mailbox = MailboxHost(self)
  private(set) lazy var hostileMailbox = HostileMailbox(self)
  private(set) var centers: [SimulatedCenter] = []
  /// What really is in the realm.
  private(set) var truth: (any RealmTruth)?
  /// The same for every KDC.
  let realmKeys: RealmKeys
  private let material: Held<KDCKeyMaterial>
  private(set) var people: [Person] = []

  /// Whether what happens is written down: it costs as much as what happens.
  private let keepsJournal: Bool

  /// Something that happened.
  struct Entry: Hashable, CustomStringConvertible {
    let time: Timestamp
    let event: Event
    let text: String

    var description: String {
      "\(time.since(World.start).milliseconds) ms: \(event): \(text)"
    }
  }

  /// What is counted, to see that a simulation is not an empty one.
  enum Event: Hashable, CaseIterable {
    case registered, nameLost, changed, kept, loggedIn, announced, probed, ticketed, established,
      resumed, transferred, left, stored, collected, depositRefused
    case recalled, gaveUp, promoted, partitioned, cutOff, jumped
    case lied, distrusted
    case dropped, corrupted, held, injected, restarted, refused, handshakeRefused, served
  }

  /// 10 minutes to a full hour, so that a key of the TGT ratchet is changed under way.
  static let start = Timestamp(milliseconds: 1_767_225_600_000) + .minutes(50)
  static let duration = Interval.minutes(20)

  /// - Parameters:
  ///   - weather: nil for what the seed has.
  ///   - adjusting: changes of that.
  ///   - keepsJournal: whether what happens is written down.
  init(
    seed: UInt64, plant: Plant? = nil, weather: Weather? = nil, keepsJournal: Bool = true,
    adjusting: (inout Weather) -> Void = { _ in }
  ) {
    self.seed = seed
    self.keepsJournal = keepsJournal
    self.plant = plant
    choices = SeededRandom(seed: seed, stream: 1)
    keys = SeededRandom(seed: seed, stream: 2)
    let drawn = Weather(&choices)
    self.weather = weather ?? drawn
    lies = SeededRandom(seed: seed, stream: 4)
    mail = SeededRandom(seed: seed, stream: 5)
    if weather == nil { self.weather.hasLies = lies.chance(500) }
    adjusting(&self.weather)
    now = Self.start
    let period = Self.start.milliseconds / Interval.hours(1).milliseconds
    var secrets = SeededRandom(seed: seed, stream: 3)
    material = Held(KDCKeyMaterial.generate(period: period, random: &secrets))
    realmKeys = RealmKeys(material.value)
  }

  /// Runs until the end or the first violation.
  func run() -> Violation? {
    populate()
    defer { clearUp() }
    let end = Self.start + Self.duration
    while judge.violation == nil, let event = schedule.next(until: end) {
      now = event.time
      event.action()
      judge.checkDirectory()
    }
    judge.checkDeposits()
    for person in people { judge.checkDevice(of: person) }
    return judge.violation
  }

  private func clearUp() {
    schedule = Schedule()
    mailbox.remove()
    for person in people { person.device.disk.remove() }
    if let files = truth as? FileRealm {
      files.close()
      files.disk.remove()
    }
  }

  private func populate() {
    if weather.hasReplicas { startReplicas() } else { startAlone() }
    mailbox.start()
    let population = choices.number(in: 4...6)
    for index in 0..<population {
      // The first two want the same name.
      let person = Person(self, index: index, name: "user\(max(index, 1))")
      people.append(person)
      let start = index < 2 ? Interval.random(0...60, &choices) : .random(0...30_000, &choices)
      after(start) { _ in person.signIn() }
    }
    if weather.hasPartitions { partitions.start() }
    if weather.hasClockJumps { jumpClocks() }
    if weather.hasCrashes { for person in people { person.crashNowAndThen() } }
    if weather.hasAttacker { Attacker(self).start() }
    if weather.hasInsider, let last = people.last { Insider(last).start() }
  }

  /// A KDC over files of its own.
  private func startAlone() {
    let files = FileRealm(
      self, realm: realmKeys.realm.id, random: SeededRandom(seed: seed, stream: 91))
    truth = files
    // The disk is made as a new process finds it.
    files.disk.die()
    centers = [SimulatedCenter(self, index: 0, material, files)]
    centers[0].start()
    if weather.hasCrashes { crashFiles(files) }
  }

  private func crashFiles(_ files: FileRealm) {
    after(.random(10_000...200_000, &choices)) { [self] _ in
      files.disk.die(after: choices.number(in: 1...12))
      crashFiles(files)
    }
  }

  /// KDCs that share a store.
  private func startReplicas() {
    let store = SimulatedStore(self)
    truth = store
    let count = choices.number(in: 2...3)
    centers = (0..<count).map { index in
      SimulatedCenter(self, index: index, material, StoreLink(self, store, index: index))
    }
    for center in centers { center.start() }
    if weather.hasCrashes { losePrimary(store) }
  }

  private func losePrimary(_ store: SimulatedStore) {
    after(.random(30_000...600_000, &choices)) { [self] _ in
      store.losePrimary()
      losePrimary(store)
    }
  }

  /// Sets clocks forth and back now and then.
  private func jumpClocks() {
    after(.random(30_000...300_000, &choices)) { [self] _ in
      if choices.chance(400) {
        choices.pick(centers).jumpClock()
      } else {
        choices.pick(people).jumpClock()
      }
      jumpClocks()
    }
  }

  /// By how much clocks of KDCs have been set back in all, in milliseconds.
  var setBack: Int { centers.reduce(0) { $0 + $1.setBack } }

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
    case .center(let index) where index < centers.count: centers[index].receive(packet)
    case .person(let index) where index < people.count: people[index].receive(packet)
    case .center, .person, .attacker: break
    }
  }

  func note(_ event: Event, _ text: @autoclosure () -> String) {
    count(event)
    guard keepsJournal else { return }
    journal.append(Entry(time: now, event: event, text: text()))
  }

  func count(_ event: Event) { counts[event, default: 0] += 1 }
}
