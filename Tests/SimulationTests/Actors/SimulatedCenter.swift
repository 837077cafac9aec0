import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A KDC's process: the machine that the program runs, with a directory, a disk that takes its time,
/// and crashes.
final class SimulatedCenter {
  private unowned let world: World
  private let material: KDCKeyMaterial
  private let policy: CenterPolicy
  private var machine: KeyDistributionCenter
  let directory: MemoryDirectory
  /// How many processes there have been.
  private(set) var incarnation = 0
  /// When the present one began.
  private(set) var startedAt = Timestamp(milliseconds: 0)

  init(_ world: World) {
    self.world = world
    var policy = CenterPolicy()
    // Short, so that epochs end under way.
    policy.epochLifetime = .minutes(10)
    policy.epochRenewal = .minutes(5)
    if world.plant == .centerForgetsSealedRequests { policy.epochLifetime = .hours(2) }
    if world.plant == .centerTakesOldRequests { policy.requestTolerance = .hours(2) }
    self.policy = policy
    let period = world.now.milliseconds / Interval.hours(1).milliseconds
    material = KDCKeyMaterial.generate(period: period, random: &world.keys)
    machine = KeyDistributionCenter(material, policy: policy, now: world.now)
    directory = MemoryDirectory(overwrites: world.plant == .directoryOverwrites)
  }

  var keys: RealmKeys { machine.keys }

  func start() {
    maintain()
    guard world.weather.hasRestarts else { return }
    world.after(.random(20...600, &world.choices)) { $0.center.restart() }
  }

  /// What the program does every few seconds. `kdc.key` need not be written anew: a run is shorter
  /// than the oldest key lives.
  private func maintain() {
    // What keeps an epoch key after its time has to keep this from erasing it.
    if world.plant == .centerForgivesEpochEnd, world.now > World.start { return }
    _ = machine.maintain(at: world.now, random: &world.keys)
    world.after(.seconds(10)) { $0.center.maintain() }
  }

  /// Another process with the same `kdc.key`: epoch keys and replay caches are gone.
  private func restart() {
    incarnation += 1
    startedAt = world.now
    machine = KeyDistributionCenter(material, policy: policy, now: world.now)
    directory.crash(at: world.now, random: &world.choices)
    world.judge.restarted()
    world.note(.restarted, "kdc \(incarnation)")
    world.after(.random(60_000...900_000, &world.choices)) { $0.center.restart() }
  }

  /// Takes a message as far as the records that it needs.
  func receive(_ packet: Packet) {
    let machine = machine(for: packet)
    let step = machine.receive(
      packet.bytes.bytes, from: packet.from.address, isDatagram: packet.isDatagram,
      at: time(for: packet), random: &world.keys)
    switch step {
    case .answer(let answer): self.answer(answer, to: packet)
    case .lookUp(let query, let pending):
      let presenceTime = world.plant == .presenceNeverEnds ? World.start : world.now
      let found = forgiving(directory.lookUp(query, at: presenceTime), packet)
      let records = world.weather.hasLies ? Liar.bend(found, for: query, in: world) : found
      later(.random(0...3, &world.choices)) { center in
        center.resume(pending, records, machine, packet)
      }
    }
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

  private func apply(
    _ change: DirectoryChange, then: @escaping (SimulatedCenter, ChangeOutcome) -> Void
  ) {
    switch change {
    case .register(let record), .registerInvited(let record, _):
      write(record, directory.reserve(record), then)
    case .update(let record, let keyVersion):
      write(record, directory.reserve(record, replacing: keyVersion), then)
    case .announce(let record): then(self, directory.announce(record, at: world.now))
    case .withdraw(let name, let loginTime):
      then(self, directory.withdraw(name, loginTime: loginTime, at: world.now))
    case .takeDeposits(let record): then(self, directory.takeDeposits(record))
    }
  }

  private func write(
    _ record: UserRecord, _ isReserved: Bool,
    _ then: @escaping (SimulatedCenter, ChangeOutcome) -> Void
  ) {
    guard isReserved else { return then(self, .conflict) }
    let isWritten = !world.choices.chance(20)
    let isEarly = world.plant == .directoryAnswersEarly
    if isEarly { then(self, .done) }
    later(.random(5...400, &world.choices)) { center in
      if isWritten { center.directory.commit(record) } else { center.directory.abandon(record) }
      if !isEarly { then(center, isWritten ? .done : .failed) }
    }
  }

  /// Sends the end of a request, and lets the judge know what was granted.
  private func answer(_ answer: CenterAnswer, to packet: Packet) {
    world.judge.answered(packet, with: answer)
    guard let message = answer.message else { return }
    let reply = Packet(
      from: .center, to: packet.from, channel: packet.channel, isDatagram: packet.isDatagram,
      bytes: message)
    later(answer.notBefore ?? .milliseconds(0)) { $0.world.network.send(reply) }
  }

  /// Does something later, unless this process is gone by then.
  private func later(
    _ interval: Interval, _ action: @escaping (SimulatedCenter) -> Void
  ) {
    let incarnation = incarnation
    world.after(interval) { world in
      guard world.center.incarnation == incarnation else { return }
      action(world.center)
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
    let forgetful = KeyDistributionCenter(material, policy: policy, now: World.start)
    var sameEveryTime = SeededRandom(seed: world.seed, stream: 3)
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
      min(world.now, world.judge.loginEnd(of: packet.bytes) ?? world.now)
    case .centerForgivesEpochEnd:
      min(world.now, world.judge.epochEnd(of: packet.bytes) ?? world.now)
    case .centerTakesHeldChanges:
      min(world.now, world.judge.changeTime(of: packet.bytes) ?? world.now)
    default: world.now
    }
  }
}
