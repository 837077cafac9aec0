import Cryptography
import Directory
import DurableFiles
import Glibc
import KeyDistribution
import SecretMemory
import Synchronization
import Wire

/// `kdc.key` while a KDC runs: what it began with, and the place where the ratchet's state goes.
final class KeyStore: Sendable {
  let path: String
  let material: KDCKeyMaterial
  /// Whether the file was made just now.
  let isNew: Bool
  /// Whether the file on the disk is behind the ratchet: tried again until it is not.
  private let isBehind = Mutex(false)

  /// Reads the file, or makes it.
  init(besideUserFile userFile: String, now: Timestamp) throws {
    path = joinPath(parentFolder(of: userFile), "kdc.key")
    // The user file's lock: two KDCs that start for the first time must not make two key files.
    let lock = try Self.lock(userFile)
    defer { withExtendedLifetime(lock) {} }
    // A chain key that a crash left lying about would open tickets of its hour and later.
    for path in [path, userFile, userFile + ".presence"] { try removePartialFiles(of: path) }
    if let found = try KeyFile.load(path) {
      material = found
      isNew = false
      return
    }
    var random = SystemRandom()
    let hour = now.milliseconds / Interval.hours(1).milliseconds
    let fresh = KDCKeyMaterial.generate(period: hour, random: &random)
    try KeyFile.save(fresh, to: path)
    material = fresh
    isNew = true
  }

  private static func lock(_ userFile: String) throws -> FileLock {
    do throws(FileLockFailure) {
      return try FileLock(path: userFile + ".lock")
    } catch {
      guard case .held = error else { throw error }
      throw DirectoryFailure.inUse(path: userFile)
    }
  }

  /// Takes back a file that was made just now and that nothing depends on yet.
  func discard() {
    if isNew { _ = unsafe unlink(path) }
  }

  /// Writes the file anew with the ratchet's state as it is now, and so forgets what was before.
  ///
  /// - Parameter hasMoved: whether the ratchet has moved since the last call.
  func saveRatchet(
    of center: KeyDistributionCenter, hasMoved: Bool
  ) throws(KeyFileFailure) {
    let isDue = isBehind.withLock { isBehind in
      isBehind = isBehind || hasMoved
      return isBehind
    }
    guard isDue else { return }
    try center.withRatchetState { (period, chain) throws(KeyFileFailure) in
      let present = KDCKeyMaterial(
        identitySeed: material.identitySeed.duplicate(),
        storageKey: material.storageKey.duplicate(), saltKey: material.saltKey.duplicate(),
        ratchetPeriod: UInt64(period), ratchetKey: chain.duplicate())
      try KeyFile.save(present, to: path)
    }
    isBehind.withLock { $0 = false }
  }
}
