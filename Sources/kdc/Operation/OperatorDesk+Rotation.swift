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
    try beginRotation()
    defer { rotation.withLock { $0 = false } }
    try written { () throws(KeyFileFailure) in
      if !keys.isRotating { try keys.beginRotation(of: center) }
    }
    var random = SystemRandom()
    let count = try replaceAll { center.keys.resealed($0, random: &random) }
    let isSealed: Bool
    do throws(DirectoryUnavailable) {
      try sealPresences()
      isSealed = try sealDeposits()
      try directory.adoptPresentKeys()
    } catch {
      throw OperatorFailure("\(error)")
    }
    guard isSealed else { throw Self.unwritten }
    try written { () throws(KeyFileFailure) in try keys.endRotation(of: center) }
    log(CenterEvent(.storageKeyRotated, name: nil), SystemClock.now)
    return .object([.init("users", .integer(Int64(count)))])
  }

  func beginRotation() throws(OperatorFailure) {
    let isFirst = rotation.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    guard isFirst else { throw OperatorFailure("a key is being replaced already") }
  }

  func written<Value>(
    _ write: () throws(KeyFileFailure) -> Value
  ) throws(OperatorFailure) -> Value {
    do throws(KeyFileFailure) {
      return try write()
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  /// Puts something else in the place of every record that needs it.
  ///
  /// - Parameter edit: nil for a record that is right as it is.
  /// - Returns: how many there were.
  func replaceAll(_ edit: (UserRecord) -> UserRecord?) throws(OperatorFailure) -> Int {
    var count = 0
    while true {
      // Records that were made under the keys of before may still be on their way to the disk.
      directory.changes.settle()
      let once = try replaceOnce(edit)
      count += once.replaced
      guard once.failed == 0 else { throw Self.unwritten }
      // Again for those that were changed at the same moment.
      guard once.replaced + once.overtaken > 0 else { return count }
    }
  }

  private func replaceOnce(
    _ edit: (UserRecord) -> UserRecord?
  ) throws(OperatorFailure) -> (replaced: Int, overtaken: Int, failed: Int) {
    let counts = Mutex((replaced: 0, overtaken: 0, failed: 0))
    let room = DispatchSemaphore(value: Self.recordsUnderWay)
    let group = DispatchGroup()
    do throws(DirectoryUnavailable) {
      try directory.visitUsers { user in
        guard let edited = edit(user) else { return }
        room.wait()
        group.enter()
        directory.replace(user, with: edited) { outcome in
          counts.withLock { counts in
            switch outcome {
            case .done: counts.replaced += 1
            case .conflict: counts.overtaken += 1
            case .failed, .notInvited: counts.failed += 1
            }
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

  private func sealPresences() throws(DirectoryUnavailable) {
    var random = SystemRandom()
    let now = SystemClock.now
    for presence in try directory.presences(at: now) {
      guard let resealed = center.keys.resealed(presence, random: &random) else { continue }
      // A conflict: another login has come meanwhile, sealed under the present key.
      _ = directory.waiting { directory.apply(.announce(resealed), at: now, answer: $0) }
    }
  }

  /// One after the other: there is one at most for each user, and it has to be on the disk.
  ///
  /// - Returns: whether all of them are.
  private func sealDeposits() throws(DirectoryUnavailable) -> Bool {
    var random = SystemRandom()
    let now = SystemClock.now
    for deposits in try directory.deposits(at: now) {
      guard let resealed = center.keys.resealed(deposits, random: &random) else { continue }
      let outcome = directory.waiting {
        directory.replace(deposits, with: resealed, at: now, answer: $0)
      }
      guard outcome != .failed else { return false }
    }
    return true
  }
}
