internal import Cryptography
internal import KeyDistribution
internal import SecretMemory

/// An identity key to sign in with, and where on this device it is.
struct DeviceIdentity: ~Copyable {
  /// 32 bytes.
  let seed: SecretBytes
  private let place: Place

  private enum Place {
    /// The user's own, from an earlier sign-in.
    case current
    /// A candidate from an earlier sign-in whose answer was lost.
    case leftover
    /// A candidate that was made just now.
    case fresh
    /// Only in memory: what is on the disk does not open with this passphrase.
    case memory
  }

  /// The key to try a login with. Nobody else may do the same at this time (`IdentityFiles.lock`).
  init(
    for entered: borrowing EnteredPassphrase, _ files: IdentityFiles
  ) throws(ClientFailure) {
    let current = try files.current()
    if let current, let seed = entered.open(current, of: files.name, in: files.realm) {
      self.init(seed, .current)
      return
    }
    let candidate = try files.candidate()
    if let candidate, let seed = entered.open(candidate, of: files.name, in: files.realm) {
      self.init(seed, .leftover)
      return
    }
    let seed = Self.newSeed()
    guard current == nil, candidate == nil else {
      self.init(seed, .memory)
      return
    }
    // A user whom the operator made enrols with this key at once: it must not get lost.
    try files.writeCandidate(seed: seed, sealedWith: entered.secret)
    self.init(seed, .fresh)
  }

  /// The key to register with, which is on the disk by then.
  init(
    registering entered: borrowing EnteredPassphrase, _ files: IdentityFiles
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
    self.init(identity.seed, .fresh)
  }

  private init(_ seed: consuming SecretBytes, _ place: Place) {
    self.seed = seed
    self.place = place
  }

  private static func newSeed() -> SecretBytes {
    var random = SystemRandom()
    return random.secret(SigningKey.seedByteCount)
  }

  /// The KDC has taken the key: makes it the user's on this device.
  borrowing func keep(
    _ entered: borrowing EnteredPassphrase, _ files: IdentityFiles
  ) throws(ClientFailure) {
    switch place {
    case .current: return
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

  /// What to say when the KDC knows another key for this user.
  borrowing func differs(_ files: IdentityFiles) -> ClientFailure {
    let found =
      place == .current
      ? "The passphrase is right, but \(files.path) is not the identity key that the KDC knows "
        + "for \(files.name)."
      : "The passphrase is right, but the identity key of \(files.name) is not on this device."
    return ClientFailure(
      .authenticationRefused,
      found + " It is on the device where \(files.name) signed in first; from there it would have "
        + "to come to \(files.path).")
  }
}
