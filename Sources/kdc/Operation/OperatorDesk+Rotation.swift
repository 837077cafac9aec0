import Cryptography
import Directory
import Dispatch
import KeyDistribution
import Operation
import Synchronization
import SystemClock
import Wire

extension OperatorDesk {
  /// How many records are on their way to the disk at a time.
  private static let recordsUnderWay = 1000

  /// Seals everything under a fresh storage key, or goes on where that was interrupted.
  ///
  /// `kdc.key` has both keys from before the first record is sealed anew until after the last one
  /// is on the disk: whenever the KDC is killed, every record opens.
  func rotateStorageKey() throws(OperatorFailure) -> JSONValue {
    let isFirst = rotation.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    guard isFirst else { throw OperatorFailure("the storage key is being replaced already") }
    defer { rotation.withLock { $0 = false } }
    try written { () throws(KeyFileFailure) in
      if !keys.isRotating { try keys.beginRotation(of: center) }
    }
    var count = 0
    while true {
      let (sealed, failed) = try sealUsers()
      count += sealed
      // Again for those that were changed at the same moment.
      guard failed > 0 else { break }
      guard sealed > 0 else { throw Self.unwritten }
    }
    sealPresences()
    try written { () throws(KeyFileFailure) in try keys.endRotation(of: center) }
    log(CenterEvent(.storageKeyRotated, name: nil), SystemClock.now)
    return .object([.init("users", .integer(Int64(count)))])
  }

  private func written(_ write: () throws(KeyFileFailure) -> Void) throws(OperatorFailure) {
    do throws(KeyFileFailure) {
      try write()
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  private func sealUsers() throws(OperatorFailure) -> (sealed: Int, failed: Int) {
    let counts = Mutex((sealed: 0, failed: 0))
    let room = DispatchSemaphore(value: Self.recordsUnderWay)
    let group = DispatchGroup()
    var random = SystemRandom()
    do throws(DirectoryFailure) {
      try directory.users.visit { user in
        guard let resealed = center.keys.resealed(user, random: &random) else { return }
        room.wait()
        group.enter()
        directory.users.replace(user, with: resealed) { outcome in
          counts.withLock { counts in
            if outcome == .done { counts.sealed += 1 } else { counts.failed += 1 }
          }
          room.signal()
          group.leave()
        }
      }
    } catch {
      throw OperatorFailure("\(error)")
    }
    group.wait()
    return counts.withLock { $0 }
  }

  private func sealPresences() {
    var random = SystemRandom()
    let now = SystemClock.now
    for presence in directory.presences.records(at: now) {
      guard let resealed = center.keys.resealed(presence, random: &random) else { continue }
      _ = directory.presences.announce(resealed, at: now)
    }
  }
}
