import Cryptography
import Directory
import DurableFiles
import Glibc
import KeyDistribution
import Operation
import SecretMemory
import Synchronization
import Wire

/// `kdc.key` while a KDC runs: what does not move by itself, and where the ratchet's state goes.
final class KeyStore: Sendable {
  let path: String
  /// Whether the file was made just now.
  let isNew: Bool
  private let storage: Mutex<Storage>
  /// Nil where files of the realm have one of their own.
  private let lock: FileLock?

  /// A secret, shared.
  private final class SharedSecret: Sendable {
    let secret: SecretBytes

    init(_ secret: consuming SecretBytes) { self.secret = secret }
  }

  /// The seed of the identity key, and how it came to be.
  private struct Identity {
    var seed: SharedSecret
    var succession: IdentitySuccession
    var isRecertifying: Bool
  }

  /// What changes while the KDC runs. Locked while the file is written.
  private struct Storage {
    var identity: Identity
    let saltKey: SharedSecret
    var present: SharedSecret
    var former: SharedSecret?
    /// Whether the file on the disk is behind the ratchet: tried again until it is not.
    var isBehind = false

    init(_ material: borrowing KDCKeyMaterial) {
      identity = Identity(
        seed: SharedSecret(material.identitySeed.duplicate()), succession: material.succession,
        isRecertifying: material.isRecertifying)
      saltKey = SharedSecret(material.saltKey.duplicate())
      present = SharedSecret(material.storageKey.duplicate())
      switch material.formerStorageKey {
      case .some(let key): former = SharedSecret(key.duplicate())
      case .none: former = nil
      }
    }
  }

  /// Reads the file, or makes it.
  ///
  /// - Parameter use: takes what is in it, which is not kept: what is replaced shall be erased.
  init(
    at place: RealmPlace, now: Timestamp, use: (borrowing KDCKeyMaterial) -> Void
  ) throws {
    path = place.keyFile
    // The user file's lock: two KDCs that start for the first time must not make two key files.
    let lock = try Self.lock(place)
    // A chain key that a crash left lying about would open tickets of its hour and later.
    for path in place.replacedFiles { try removePartialFiles(of: path) }
    switch place {
    // The directory takes that lock now.
    case .files: self.lock = nil
    case .store: self.lock = consume lock
    }
    if let found = try KeyFile.load(path) {
      storage = Mutex(Storage(found))
      isNew = false
      use(found)
      return
    }
    var random = SystemRandom()
    let hour = now.milliseconds / Interval.hours(1).milliseconds
    let fresh = KDCKeyMaterial.generate(period: hour, random: &random)
    try KeyFile.save(fresh, to: path)
    storage = Mutex(Storage(fresh))
    isNew = true
    use(fresh)
  }

  /// Reads the file beside a KDC that may be serving, which alone writes it.
  init(reading path: String, use: (borrowing KDCKeyMaterial) -> Void) throws {
    guard let found = try KeyFile.load(path) else {
      throw OperatorFailure("there is no \(path)")
    }
    self.path = path
    storage = Mutex(Storage(found))
    isNew = false
    lock = nil
    use(found)
  }

  private static func lock(_ place: RealmPlace) throws -> FileLock {
    do throws(FileLockFailure) {
      return try FileLock(path: place.evidence + ".lock")
    } catch {
      guard case .held = error else { throw error }
      throw DirectoryFailure.inUse(path: place.evidence)
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
        identitySeed: storage.identity.seed.secret.duplicate(),
        succession: storage.identity.succession,
        isRecertifying: storage.identity.isRecertifying,
        storageKey: storage.present.secret.duplicate(),
        formerStorageKey: Self.duplicate(former), saltKey: storage.saltKey.secret.duplicate(),
        ratchetPeriod: UInt64(period), ratchetKey: chain.duplicate())
      try KeyFile.save(present, to: path)
    }
  }

  private static func duplicate(_ key: SharedSecret?) -> SecretBytes? {
    guard let key else { return nil }
    return key.secret.duplicate()
  }

  // MARK: Another storage key

  /// Whether files are still to be sealed anew, all or some.
  var isRotating: Bool { storage.withLock { $0.former != nil } }

  /// From now on files are sealed under a fresh key. The file has both before that.
  func beginRotation(of center: KeyDistributionCenter) throws(KeyFileFailure) {
    var random = SystemRandom()
    let fresh = SharedSecret(random.secret(32))
    try storage.withLock { (storage) throws(KeyFileFailure) in
      var next = storage
      (next.present, next.former) = (fresh, storage.present)
      try save(next, of: center)
      storage = next
    }
    center.keys.adoptStorageKey(fresh.secret)
  }

  /// Nothing is sealed under the former key any more.
  func endRotation(of center: KeyDistributionCenter) throws(KeyFileFailure) {
    try storage.withLock { (storage) throws(KeyFileFailure) in
      var next = storage
      next.former = nil
      try save(next, of: center)
      storage = next
    }
    center.keys.forgetFormerStorageKey()
  }

  // MARK: Another identity

  /// Whether records may still have certificates of the identity before.
  var isRecertifying: Bool { storage.withLock { $0.identity.isRecertifying } }

  /// A fresh identity takes the place of the present one, which signs that and is erased: in the
  /// file first, then in memory.
  ///
  /// - Returns: false when the identity has been replaced as often as can be.
  func replaceIdentity(
    of center: KeyDistributionCenter, at now: Timestamp
  ) throws(KeyFileFailure) -> Bool {
    var random = SystemRandom()
    let seed = SharedSecret(random.secret(SigningKey.seedByteCount))
    let identity = SigningKey(seed: seed.secret).publicKey
    return try storage.withLock { (storage) throws(KeyFileFailure) in
      guard let succession = center.keys.succession(by: identity, at: now) else { return false }
      var next = storage
      next.identity = Identity(seed: seed, succession: succession, isRecertifying: true)
      try save(next, of: center)
      storage = next
      return center.keys.adoptIdentity(seed.secret, succession)
    }
  }

  /// Every record has a certificate of the present identity.
  func endRecertifying(of center: KeyDistributionCenter) throws(KeyFileFailure) {
    try storage.withLock { (storage) throws(KeyFileFailure) in
      var next = storage
      next.identity.isRecertifying = false
      try save(next, of: center)
      storage = next
    }
    center.keys.endRecertifying()
  }
}
