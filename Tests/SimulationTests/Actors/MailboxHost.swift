import KeyDistribution
import MailboxService
import MailboxSpool
import SecretMemory
import Synchronization
import Wire

/// A mailbox: the program's own spool on a simulated disk, in processes that come to an end now and
/// then. The session with it is one like any other, and left out: its records are these.
final class MailboxHost {
  private unowned let world: World
  private let disk: SimulatedDisk
  private let clock: SharedMoment
  private var spool: Spool?
  /// How many processes there have been: connections go with theirs.
  private(set) var incarnation = 0
  /// Lives of the machine: what breaks off is kept for one of them.
  private var boots = 0
  /// What is on its way in, by connection.
  private var incoming: [Int: IncomingDeposit] = [:]

  /// The time of day, for a spool.
  private final class SharedMoment: Sendable {
    let moment: Mutex<Timestamp>
    init(_ moment: Timestamp) { self.moment = Mutex(moment) }
  }

  /// A mailbox does not answer any more.
  struct Gone: Error {}

  init(_ world: World) {
    self.world = world
    disk = SimulatedDisk(
      random: SeededRandom(seed: world.seed, stream: 90),
      failures: world.weather.hasCrashes ? 1 : 0,
      forgetting: world.plant == .mailboxForgetsToSync ? "" : nil)
    clock = SharedMoment(world.now)
  }

  func remove() {
    incoming = [:]
    spool = nil
    disk.remove()
  }

  func start() {
    boot()
    expire()
    if world.weather.hasCrashes { crashNowAndThen() }
  }

  private func expire() {
    world.after(.minutes(5)) { [self] _ in
      setClock()
      spool?.expire()
      checkDisk()
      expire()
    }
  }

  private func setClock() { clock.moment.withLock { $0 = max($0, world.now) } }

  // MARK: Processes

  private func crashNowAndThen() {
    world.after(.random(20_000...200_000, &world.mail)) { [self] _ in
      disk.die(after: world.mail.number(in: 1...20))
      crashNowAndThen()
    }
  }

  private func boot() {
    let clock = clock
    spool = try? Spool(
      "\(disk.path)/spool", MailboxPolicy(), boot: "boot\(boots)",
      clock: { clock.moment.withLock { $0 } }, tell: { _ in })
    guard spool != nil, !disk.isDead else { return end() }
    world.judge.checkDeposits()
  }

  private func checkDisk() {
    if spool != nil, disk.isDead { end() }
  }

  private func end() {
    disk.die()
    incoming = [:]
    spool = nil
    incarnation += 1
    let death: SimulatedDisk.Death = world.mail.chance(500) ? .program : .machine
    if death == .machine { boots += 1 }
    world.note(.restarted, "mailbox \(incarnation)")
    world.after(.random(100...20_000, &world.mail)) { [self] _ in
      disk.restart(after: death)
      boot()
    }
  }

  // MARK: Connections

  /// Whoever was there is gone.
  func hangUp(_ connection: Int) {
    incoming[connection] = nil
    checkDisk()
  }

  /// Takes a record of somebody's, and gives those that answer it.
  func answer(
    _ record: [UInt8], from peer: PrincipalName, on connection: Int
  ) throws -> [[UInt8]] {
    guard let spool else { throw Gone() }
    setClock()
    defer { checkDisk() }
    let replies = try answer(record, peer, connection, spool)
    // What a process has not said before it ended it never says.
    guard !disk.isDead else { throw Gone() }
    return replies
  }

  private func answer(
    _ record: [UInt8], _ peer: PrincipalName, _ connection: Int, _ spool: Spool
  ) throws -> [[UInt8]] {
    if let deposit = incoming[connection] { return [try take(record, deposit, connection)] }
    switch try MailboxRequest(record.bytes) {
    case .leave(let receiver, let id, let byteCount):
      switch spool.begin(id, from: peer, for: receiver, byteCount: byteCount) {
      case .stored: return [MailboxReply.stored.encoded()]
      case .refused(let reason): return [MailboxReply.refused(reason).encoded()]
      case .incoming(let deposit):
        if deposit.missing == 0 { return [finish(deposit)] }
        incoming[connection] = deposit
        return [MailboxReply.goOn(offset: deposit.offset).encoded()]
      }
    case .list(let number):
      let (deposits, hasMore) = spool.list(for: peer, after: number)
      return [MailboxReply.waiting(deposits, hasMore: hasMore).encoded()]
    case .fetch(let number, let offset, let byteCount):
      return give(number, offset, byteCount, to: peer, spool)
    case .collected(let number, let id):
      return [reply { () throws(MailboxReason) in try spool.collect(number, id, for: peer) }]
    case .refuse(let sender):
      return [reply { () throws(MailboxReason) in try spool.refuse(sender, for: peer) }]
    case .allow(let sender):
      return [reply { () throws(MailboxReason) in try spool.allow(sender, for: peer) }]
    }
  }

  private func take(
    _ piece: [UInt8], _ deposit: IncomingDeposit, _ connection: Int
  ) throws -> [UInt8] {
    guard UInt64(piece.count) <= deposit.missing else { throw Gone() }
    do throws(MailboxReason) {
      try deposit.append(piece.bytes)
    } catch {
      incoming[connection] = nil
      return MailboxReply.refused(error).encoded()
    }
    guard deposit.missing == 0 else { return MailboxReply.goOn(offset: deposit.offset).encoded() }
    incoming[connection] = nil
    return finish(deposit)
  }

  private func finish(_ deposit: IncomingDeposit) -> [UInt8] {
    do throws(MailboxReason) {
      _ = try deposit.finish()
      return MailboxReply.stored.encoded()
    } catch {
      return MailboxReply.refused(error).encoded()
    }
  }

  private func give(
    _ number: UInt64, _ offset: UInt64, _ byteCount: UInt32, to peer: PrincipalName, _ spool: Spool
  ) -> [[UInt8]] {
    do throws(MailboxReason) {
      let deposit = try spool.open(number, for: peer)
      guard offset < deposit.byteCount else { throw .notThere }
      let count = min(UInt64(byteCount), deposit.byteCount - offset)
      let bytes = try deposit.bytes(at: offset, count: Int(count))
      return [MailboxReply.content(byteCount: UInt32(count)).encoded(), bytes]
    } catch {
      return [MailboxReply.refused(error).encoded()]
    }
  }

  private func reply(_ body: () throws(MailboxReason) -> Void) -> [UInt8] {
    do throws(MailboxReason) {
      try body()
      return MailboxReply.done.encoded()
    } catch {
      return MailboxReply.refused(error).encoded()
    }
  }

  // MARK: For the judge

  /// What is stored for a receiver under the hash of a letter; nil while no process runs.
  func holds(_ id: DepositID, for receiver: PrincipalName, _ bytes: [UInt8]) -> Bool? {
    guard let spool, !disk.isDead else { return nil }
    guard let found = spool.list(for: receiver, after: 0).deposits.first(where: { $0.id == id })
    else { return false }
    do throws(MailboxReason) {
      let deposit = try spool.open(found.number, for: receiver)
      guard deposit.byteCount == UInt64(bytes.count) else { return false }
      return try deposit.bytes(at: 0, count: bytes.count) == bytes
    } catch {
      return false
    }
  }
}
