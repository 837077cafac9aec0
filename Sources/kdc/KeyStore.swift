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
  private let storage: Mutex<Storage>

  /// A storage key, shared.
  private final class StorageKey: Sendable {
    let secret: SecretBytes

    init(_ secret: consuming SecretBytes) { self.secret = secret }
  }

  /// What changes while the KDC runs. Locked while the file is written.
  private struct Storage {
    var present: StorageKey
    var former: StorageKey?
    /// Whether the file on the disk is behind the ratchet: tried again until it is not.
    var isBehind = false

    init(present: StorageKey, former: StorageKey?) {
      self.present = present
      self.former = former
    }

    init(_ material: borrowing KDCKeyMaterial) {
      present = StorageKey(material.storageKey.duplicate())
      switch material.formerStorageKey {
      case .some(let key): former = StorageKey(key.duplicate())
      case .none: former = nil
      }
    }
  }

  /// Reads the file, or makes it.
  init(besideUserFile userFile: String, now: Timestamp) throws {
    path = Self.path(besideUserFile: userFile)
    // The user file's lock: two KDCs that start for the first time must not make two key files.
    let lock = try Self.lock(userFile)
    defer { withExtendedLifetime(lock) {} }
    // A chain key that a crash left lying about would open tickets of its hour and later.
    for path in [path, userFile, userFile + ".presence"] { try removePartialFiles(of: path) }
    if let found = try KeyFile.load(path) {
      storage = Mutex(Storage(found))
      material = found
      isNew = false
      return
    }
    var random = SystemRandom()
    let hour = now.milliseconds / Interval.hours(1).milliseconds
    let fresh = KDCKeyMaterial.generate(period: hour, random: &random)
    try KeyFile.save(fresh, to: path)
    storage = Mutex(Storage(fresh))
    material = fresh
    isNew = true
  }

  static func path(besideUserFile userFile: String) -> String {
    joinPath(parentFolder(of: userFile), "kdc.key")
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
    try storage.withLock { (storage) throws(KeyFileFailure) in
      guard hasMoved || storage.isBehind else { return }
      storage.isBehind = true
      try save(storage, of: center)
      storage.isBehind = false
    }
  }

  private func save(
    _ storage: Storage, of center: KeyDistributionCenter
  ) throws(KeyFileFailure) {
    try center.withRatchetState { (period, chain) throws(KeyFileFailure) in
      let former = storage.former
      let present = KDCKeyMaterial(
        identitySeed: material.identitySeed.duplicate(),
        storageKey: storage.present.secret.duplicate(),
        formerStorageKey: Self.duplicate(former), saltKey: material.saltKey.duplicate(),
        ratchetPeriod: UInt64(period), ratchetKey: chain.duplicate())
      try KeyFile.save(present, to: path)
    }
  }

  private static func duplicate(_ key: StorageKey?) -> SecretBytes? {
    guard let key else { return nil }
    return key.secret.duplicate()
  }

  // MARK: Another storage key

  /// Whether files are still to be sealed anew, all or some.
  var isRotating: Bool { storage.withLock { $0.former != nil } }

  /// From now on files are sealed under a fresh key. The file has both before that.
  func beginRotation(of center: KeyDistributionCenter) throws(KeyFileFailure) {
    var random = SystemRandom()
    let fresh = StorageKey(random.secret(32))
    try storage.withLock { (storage) throws(KeyFileFailure) in
      let next = Storage(present: fresh, former: storage.present)
      try save(next, of: center)
      storage = next
    }
    center.keys.adoptStorageKey(fresh.secret)
  }

  /// Nothing is sealed under the former key any more.
  func endRotation(of center: KeyDistributionCenter) throws(KeyFileFailure) {
    try storage.withLock { (storage) throws(KeyFileFailure) in
      let next = Storage(present: storage.present, former: nil)
      try save(next, of: center)
      storage = next
    }
    center.keys.forgetFormerStorageKey()
  }
}
