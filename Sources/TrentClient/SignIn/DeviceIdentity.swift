internal import Cryptography
internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory

/// An identity key to sign in with, and where on this device it is. While this is alive, nobody
/// else changes what is there.
struct DeviceIdentity: ~Copyable {
  /// 32 bytes.
  let seed: SecretBytes
  private let place: Place
  private let lock: FileLock?

  private enum Place {
    /// The user's own, from an earlier sign-in.
    case current
    /// A candidate from an earlier sign-in whose answer was lost.
    case leftover
    /// A candidate that was made just now.
    case fresh
    /// Sealed anew by a change of passphrase whose answer was lost.
    case resealed
    /// The user's own, which a former passphrase has opened.
    case reopened
    /// Only in memory: what is on the disk does not open with this passphrase.
    case memory
    /// In the key file, with the key to log in with.
    case keyFile
  }

  /// The key to try a login with.
  init(
    for entered: borrowing EnteredSecret, _ files: IdentityFiles
  ) throws(ClientFailure) {
    if let seed = entered.material.identitySeed() {
      self.init(seed, .keyFile, nil)
      return
    }
    let lock = try files.lock()
    let current = try files.current()
    if let current, let seed = entered.open(current, of: files.name, in: files.realm) {
      self.init(seed, .current, lock)
      return
    }
    let resealed = try IdentityFiles.read(files.resealed.path)
    if let resealed, let seed = entered.open(resealed, of: files.name, in: files.realm) {
      self.init(seed, .resealed, lock)
      return
    }
    let candidate = try files.candidate()
    if let candidate, let seed = entered.open(candidate, of: files.name, in: files.realm) {
      self.init(seed, .leftover, lock)
      return
    }
    let seed = Self.newSeed()
    guard current == nil, candidate == nil, resealed == nil else {
      self.init(seed, .memory, lock)
      return
    }
    // A user whom the operator made enrols with this key at once: it must not get lost.
    try files.writeCandidate(seed: seed, sealedWith: entered.secret)
    self.init(seed, .fresh, lock)
  }

  /// The key to register with, which is on the disk by then.
  init(
    registering entered: borrowing EnteredSecret, _ files: IdentityFiles
  ) throws(ClientFailure) {
    let identity = try DeviceIdentity(for: entered, files)
    guard identity.place == .memory else {
      self = identity
      return
    }
    guard try files.candidate() == nil else {
      throw ClientFailure(
        .authenticationRefused,
        "An earlier registration of \(files.name), with another passphrase, never got its answer. "
          + "Use that passphrase, or remove \(files.candidatePath) to give that registration up.")
    }
    try files.writeCandidate(seed: identity.seed, sealedWith: entered.secret)
    self.init(identity.seed, .fresh, identity.lock)
  }

  /// Whether there is an identity key here that a former passphrase may open.
  var isSealedOtherwise: Bool { place == .memory }

  /// The user's own key, opened with the passphrase that it was sealed under before the present
  /// one; nil if it was not.
  consuming func reopened(
    under former: borrowing SecretBytes, _ files: IdentityFiles
  ) throws(ClientFailure) -> DeviceIdentity? {
    guard let current = try files.current(), let seed = try current.open(under: former, of: files)
    else { return nil }
    return DeviceIdentity(seed, .reopened, lock)
  }

  private init(_ seed: consuming SecretBytes, _ place: Place, _ lock: consuming FileLock?) {
    self.seed = seed
    self.place = place
    self.lock = lock
  }

  private static func newSeed() -> SecretBytes {
    var random = SystemRandom()
    return random.secret(SigningKey.seedByteCount)
  }

  /// The KDC has taken the key: makes it the user's on this device.
  borrowing func keep(
    _ entered: borrowing EnteredSecret, _ files: IdentityFiles, telling person: any Person
  ) throws(ClientFailure) {
    switch place {
    case .keyFile: return
    case .current: try files.resealed.outlive(telling: person)
    case .resealed: try files.resealed.promote(telling: person)
    case .reopened:
      try files.writeResealed(seed: seed, with: entered.secret)
      try files.resealed.promote(telling: person)
    case .memory:
      try files.writeCandidate(seed: seed, sealedWith: entered.secret)
      try files.promoteCandidate()
    case .leftover, .fresh: try files.promoteCandidate()
    }
  }

  /// The KDC has not taken the key: leaves nothing behind that was made for it.
  borrowing func discard(_ files: IdentityFiles) {
    if place == .fresh { files.removeCandidate() }
  }

  /// What else to say when the KDC refuses the passphrase; nil if this device knows nothing more.
  borrowing func refusalHint(_ files: IdentityFiles) -> String? {
    switch place {
    case .current where files.resealed.isThere:
      "The passphrase of \(files.name) was changed: use the new one."
    case .current:
      "It was right once, since it opens the identity key on this device: it has been changed "
        + "elsewhere, or \(files.name) is disabled."
    case .resealed:
      "A change to this passphrase was interrupted, and is not in force: use the old one."
    case .leftover, .fresh, .reopened, .memory, .keyFile: nil
    }
  }

  /// What to say when the KDC knows another key for this user.
  borrowing func differs(_ files: IdentityFiles) -> ClientFailure {
    let repair =
      " It is on the device where \(files.name) signed in first: there \"client identity export\" "
      + "writes it to a file, which \"client identity import\" takes in here."
    let found =
      switch place {
      case .current, .resealed, .reopened:
        "The passphrase is right, but \(files.path) is not the identity key that the KDC knows "
          + "for \(files.name)." + repair
      case .leftover, .fresh, .memory:
        "The passphrase is right, but the identity key of \(files.name) is not on this device, or "
          + "sealed under a former passphrase: then pass --former-passphrase-file." + repair
      case .keyFile:
        "The key is right, but the identity key beside it is not the one that the KDC knows for "
          + "\(files.name)."
      }
    return ClientFailure(.authenticationRefused, found)
  }
}
