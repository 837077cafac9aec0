import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A KDC: the machine that the program runs, over files or a store, in processes that come to an end
/// now and then, by a clock that may jump.
final class SimulatedCenter {
  private unowned let world: World
  let index: Int
  private let material: Held<KDCKeyMaterial>
  private let policy: CenterPolicy
  private var machine: KeyDistributionCenter
  private let realm: any SimulatedRealm
  private var clock: PartyClock
  /// How many processes there have been.
  private(set) var incarnation = 0
  /// When the present one began, by its clock.
  private(set) var startedAt = Timestamp(milliseconds: 0)
  private var isUp = false
  /// By how much the clock has been set back in all, in milliseconds.
  private(set) var setBack = 0
  private(set) var lastJump = Timestamp(milliseconds: 0)

  init(
    _ world: World, index: Int, _ material: Held<KDCKeyMaterial>,
    _ realm: any SimulatedRealm
  ) {
    self.world = world
    self.index = index
    self.realm = realm
    policy = Self.policy(world)
    // Several KDCs agree to some seconds (OPERATIONS.md).
    clock = PartyClock(offset: index == 0 ? 0 : world.choices.number(in: -1000...1000))
    machine = KeyDistributionCenter(material.value, policy: policy, now: world.now)
    self.material = material
  }

  private static func policy(_ world: World) -> CenterPolicy {
    var policy = CenterPolicy()
    // Short, so that epochs end under way.
    policy.epochLifetime = .minutes(10)
    policy.epochRenewal = .minutes(5)
    if world.plant == .centerForgetsSealedRequests { policy.epochLifetime = .hours(2) }
    if world.plant == .centerTakesOldRequests { policy.requestTolerance = .hours(2) }
    return policy
  }

  var keys: RealmKeys { machine.keys }
  var endpoint: Endpoint { .center(index) }
  /// By this KDC's clock.
  var now: Timestamp { clock.time(at: world.now) }

  func start() {
    boot(after: .program)
    maintain()
    guard world.weather.hasRestarts else { return }
    world.after(.random(20...600, &world.choices)) { [self] _ in restartNowAndThen() }
  }

  /// What the program does every few seconds. `kdc.key` need not be written anew: a run is shorter
  /// than the oldest key lives.
  private func maintain() {
    // What keeps an epoch key after its time has to keep this from erasing it.
    if world.plant == .centerForgivesEpochEnd, world.now > World.start { return }
    _ = machine.maintain(at: now, random: &world.keys)
    world.after(.seconds(10)) { [self] _ in maintain() }
  }

  // MARK: Processes

  private func restartNowAndThen() {
    if isUp { end() }
    world.after(.random(60_000...900_000, &world.choices)) { [self] _ in restartNowAndThen() }
  }

  /// The process has come to its end, and everything with it that is not on a disk. Another one
  /// begins soon.
  func end() {
    guard isUp else { return }
    isUp = false
    incarnation += 1
    realm.close()
    world.note(.restarted, "\(endpoint) \(incarnation)")
    let pause = Interval.random(world.choices.chance(300) ? 0...1 : 10...20_000, &world.choices)
    let death: SimulatedDisk.Death = world.choices.chance(500) ? .program : .machine
    world.after(pause) { [self] _ in boot(after: death) }
  }

  /// Another process with the same `kdc.key`: epoch keys and replay caches are gone.
  private func boot(after death: SimulatedDisk.Death) {
    (realm as? FileRealm)?.disk.restart(after: death)
    startedAt = now
    machine = KeyDistributionCenter(material.value, policy: policy, now: now)
    isUp = true
    guard realm.open(at: now) else { return end() }
    world.judge.restarted(self)
  }

  /// Ends the process if its disk has.
  private func checkDisk() {
    if isUp, !realm.isUsable { end() }
  }

  /// The clock is set to another time.
  func jumpClock() {
    // Those that share a store have to agree to some seconds.
    let limit = world.centers.count > 1 ? 2_000 : 1_200_000
    let former = clock.offset
    clock = PartyClock(offset: world.choices.number(in: -limit...limit))
    let distance = clock.offset - former
    setBack += max(-distance, 0)
    lastJump = world.now
    world.note(.jumped, "\(endpoint) by \(distance) ms")
  }

  // MARK: Requests

  /// Takes a message as far as the records that it needs.
  func receive(_ packet: Packet) {
    guard isUp else { return }
    let machine = machine(for: packet)
    let step = machine.receive(
      packet.bytes.bytes, from: packet.from.address, isDatagram: packet.isDatagram,
      at: time(for: packet), random: &world.keys)
    switch step {
    case .answer(let answer): self.answer(answer, to: packet)
    case .lookUp(let query, let pending):
      let incarnation = incarnation
      realm.lookUp(query, at: world.plant == .presenceNeverEnds ? World.start : now) {
        [self] found in
        guard self.incarnation == incarnation else { return }
        guard let found else { return giveUp(pending, machine, packet) }
        let records = forgiving(found, packet)
        let told = world.weather.hasLies ? Liar.bend(records, for: query, in: world) : records
        later(.random(0...3, &world.choices)) { center in
          center.resume(pending, told, machine, packet)
        }
      }
    }
    checkDisk()
  }

  private func giveUp(
    _ pending: PendingRequest, _ machine: KeyDistributionCenter, _ packet: Packet
  ) {
    world.count(.gaveUp)
    answer(
      machine.giveUp(pending, at: time(for: packet), random: &world.keys), to: packet)
  }

  private func resume(
    _ pending: PendingRequest, _ records: Records, _ machine: KeyDistributionCenter,
    _ packet: Packet
  ) {
    let decision = machine.resume(
      pending, with: records, at: time(for: packet), random: &world.keys)
    switch decision {
    case .answer(let answer): self.answer(answer, to: packet)
    case .change(let change, let pending):
      apply(change) { center, outcome in
        let answer = machine.finish(
          pending, outcome: outcome, at: center.time(for: packet), random: &center.world.keys)
        center.answer(answer, to: packet)
      }
    case .probe(let address, let patience, let pending):
      world.judge.probed(address, for: packet)
      // Some are reached at once; others are behind a wall.
      let isReached = world.choices.chance(50)
      let duration = isReached ? 20 : patience.milliseconds
      later(.milliseconds(duration)) { center in
        let answer = machine.finish(
          pending, isReached: isReached, at: center.time(for: packet), random: &center.world.keys)
        center.answer(answer, to: packet)
      }
    }
  }

  /// A disk takes its time, before and after.
  private func apply(
    _ change: DirectoryChange, then: @escaping (SimulatedCenter, ChangeOutcome) -> Void
  ) {
    let isEarly = world.plant == .directoryAnswersEarly && change.isDurable
    if isEarly { then(self, .done) }
    later(.random(0...(isEarly ? 5_000 : 200), &world.choices)) { center in
      let incarnation = center.incarnation
      center.realm.apply(change, at: center.now) { outcome in
        guard center.incarnation == incarnation, !isEarly else { return }
        center.later(.random(0...200, &center.world.choices)) { then($0, outcome) }
      }
      center.checkDisk()
    }
  }

  /// Sends the end of a request, and lets the judge know what was granted.
  private func answer(_ answer: CenterAnswer, to packet: Packet) {
    world.judge.answered(packet, by: self, with: answer)
    guard let message = answer.message else { return }
    let reply = Packet(
      from: endpoint, to: packet.from, channel: packet.channel, isDatagram: packet.isDatagram,
      bytes: message)
    later(answer.notBefore ?? .milliseconds(0)) { $0.world.network.send(reply) }
  }

  /// Does something later, unless this process is gone by then.
  private func later(
    _ interval: Interval, _ action: @escaping (SimulatedCenter) -> Void
  ) {
    let incarnation = incarnation
    world.after(interval) { [self] _ in
      guard self.incarnation == incarnation else { return }
      action(self)
    }
  }

  // MARK: Planted bugs

  /// The machine; or, as a planted bug, a new one that knows the epoch key and forgot the rest.
  private func machine(for packet: Packet) -> KeyDistributionCenter {
    let type = packet.bytes.count > 1 ? MessageType(rawValue: packet.bytes[1]) : nil
    switch (world.plant, type) {
    case (.centerForgetsSealedRequests, .epochRequest),
      (.centerForgetsSealedRequests, .sealedRequest),
      (.centerForgetsGrantingRequests, .grantingRequest):
      break
    default: return machine
    }
    var policy = policy
    policy.epochRenewal = policy.epochLifetime
    let forgetful = KeyDistributionCenter(material.value, policy: policy, now: World.start)
    var sameEveryTime = SeededRandom(seed: world.seed, stream: 6)
    _ = forgetful.maintain(at: World.start, random: &sameEveryTime)
    _ = forgetful.maintain(at: world.now, random: &world.keys)
    return forgetful
  }

  /// The records; or, as a planted bug, with the key version numbers that the request would like.
  private func forgiving(_ records: Records, _ packet: Packet) -> Records {
    var records = records
    switch world.plant {
    case .centerTakesOldTickets:
      guard packet.bytes.starts(with: [1, MessageType.grantingRequest.rawValue]),
        let request = world.judge.requests[packet.bytes]
      else { break }
      records.users[request.name]?.keyVersion = request.keyVersion
    case .centerKeepsOldPresence:
      for presence in records.presences.values {
        records.users[presence.name]?.keyVersion = presence.keyVersion
      }
    case .centerKeepsOldDeposits:
      guard let deposits = records.deposits else { break }
      records.users[deposits.name]?.keyVersion = deposits.keyVersion
    default: break
    }
    return records
  }

  /// Now; or, as a planted bug, no later than the end of the asker's login.
  private func time(for packet: Packet) -> Timestamp {
    switch world.plant {
    case .centerForgivesLoginEnd:
      min(now, world.judge.loginEnd(of: packet.bytes) ?? now)
    case .centerForgivesEpochEnd:
      min(now, world.judge.epochEnd(of: packet.bytes) ?? now)
    case .centerTakesHeldChanges:
      min(now, world.judge.changeTime(of: packet.bytes) ?? now)
    default: now
    }
  }
}

extension DirectoryChange {
  /// Whether it is acknowledged when it is on the disk.
  var isDurable: Bool {
    switch self {
    case .announce, .withdraw: false
    default: true
    }
  }
}
