import Cryptography
import KeyDistribution
import Wire

@testable import Directory

/// The files of a KDC that stands alone, on a simulated disk: the program's own `FileDirectory`.
final class FileRealm: SimulatedRealm, RealmTruth {
  private unowned let world: World
  let disk: SimulatedDisk
  private var directory: FileDirectory?
  private let realm: [UInt8]
  private var changeCount = 0
  /// A planted bug needs to know what was there.
  private var overwrites: Bool { world.plant == .directoryOverwrites }

  init(_ world: World, realm: [UInt8], random: SeededRandom) {
    self.world = world
    self.realm = realm
    disk = SimulatedDisk(
      random: random, forgetting: world.plant == .directoryForgetsToSync ? "" : nil)
  }

  var isUsable: Bool { directory != nil && !disk.isDead }

  func open(at now: Timestamp) -> Bool {
    // Without a file for presence there would be no writes to wait for.
    disk.runOutOfSpace(0)
    directory = try? FileDirectory(
      path: "\(disk.path)/pwd.txt", realm: realm, at: now, sealingWith: { _, _, _ in [] },
      report: { _ in })
    disk.runOutOfSpace(world.weather.hasCrashes ? 3 : 0)
    changeCount += 1
    if isUsable { return true }
    close()
    return false
  }

  func close() {
    directory?.close()
    directory = nil
    disk.die()
  }

  func lookUp(_ query: RecordQuery, at now: Timestamp, answer: @escaping (Records?) -> Void) {
    answer(try? directory?.recordsAtHand(query, at: now))
  }

  func apply(
    _ change: DirectoryChange, at now: Timestamp, answer: @escaping (ChangeOutcome) -> Void
  ) {
    guard let directory else { return answer(.failed) }
    changeCount += 1
    let before = presence(of: change, in: directory, at: now)
    var outcome = directory.waiting(for: ChangeOutcome.self) {
      directory.apply(change, at: now, answer: $0)
    }
    // A line of presence is written some time; here before anything else happens.
    if isWritten(change, after: before) { disk.waitForLooseWrite() }
    if overwrites, outcome == .conflict { outcome = overwrite(change, in: directory) }
    // What could not be written may be there nevertheless.
    if outcome != .conflict { world.judge.written(change, at: now) }
    answer(outcome)
  }

  private func presence(
    of change: DirectoryChange, in directory: FileDirectory, at now: Timestamp
  ) -> PresenceRecord? {
    switch change {
    case .announce(let record): directory.presences.record(of: record.name, at: now)
    case .withdraw(let name, _): directory.presences.record(of: name, at: now)
    default: nil
    }
  }

  private func isWritten(_ change: DirectoryChange, after before: PresenceRecord?) -> Bool {
    switch change {
    case .announce(let record):
      before.map { $0 != record && $0.loginTime <= record.loginTime } ?? true
    case .withdraw(_, let loginTime): before.map { $0.loginTime <= loginTime } ?? false
    default: false
    }
  }

  private func overwrite(
    _ change: DirectoryChange, in directory: FileDirectory
  ) -> ChangeOutcome {
    guard case .register(let record) = change, let present = user(record.name) else {
      return .conflict
    }
    return directory.waiting { directory.replace(present, with: record, answer: $0) }
  }

  // MARK: For the judge

  var version: Int? { isUsable ? changeCount : nil }

  func user(_ name: PrincipalName) -> UserRecord? {
    directory.flatMap { try? $0.users.record(of: name) }
  }
}
