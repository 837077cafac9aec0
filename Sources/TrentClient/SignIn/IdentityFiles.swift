internal import Cryptography
internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// The sealed identity key of one user on this device, and the candidate that becomes it once the
/// KDC has taken it.
///
/// A candidate is on the disk before its public half leaves: an answer that gets lost costs nobody
/// the key. The marks after the name are no letters of a name, so that no other user has the file.
struct IdentityFiles {
  static let folder = "identities"
  /// After the name of a key that the KDC may know.
  static let candidateMark = "~new"
  /// After the name of a key that was replaced.
  static let replacedMark = "~old"
  /// After the name of a key that a change of passphrase has sealed anew.
  static let resealedMark = "~changed"

  let name: PrincipalName
  let realm: Realm
  private let state: StateFolder
  private let folder: String

  init(of name: PrincipalName, in realm: Realm, state: StateFolder) {
    self.name = name
    self.realm = realm
    self.state = state
    folder = "\(Self.folder)/\(realm.hexadecimalID)"
  }

  /// The identity key that the KDC knows.
  var path: String { state.path("\(folder)/\(name)") }
  /// One that it may know.
  var candidatePath: String { path + Self.candidateMark }
  private var replacedPath: String { path + Self.replacedMark }
  /// The identity key sealed under another passphrase, which may be in force.
  var resealed: ChangeCandidate {
    ChangeCandidate(
      at: path + Self.resealedMark, replacing: path, secret: "passphrase of \(name)")
  }

  /// Keeps other processes from making an identity key for the same user at the same time.
  func lock() throws(ClientFailure) -> FileLock { try state.lock("\(folder)/\(name)~lock") }

  func current() throws(ClientFailure) -> SealedIdentity? { try Self.read(path) }

  func candidate() throws(ClientFailure) -> SealedIdentity? { try Self.read(candidatePath) }

  /// The sealed identity key in a file; nil when there is no such file.
  static func read(_ path: String) throws(ClientFailure) -> SealedIdentity? {
    let contents = try withFiles { () throws(FileFailure) in
      try readSecretFile(path, limit: SealedIdentity.byteCount)
    }
    guard let contents else { return nil }
    do {
      return try SealedIdentity(contents.bytes)
    } catch {
      throw ClientFailure(
        .fileFailure, "The identity key in \(path) is damaged. Put a copy of it in its place.")
    }
  }

  /// Writes a candidate; it is on the disk when this returns.
  func writeCandidate(
    seed: borrowing SecretBytes, sealedWith secret: borrowing AccountSecret
  ) throws(ClientFailure) {
    try write(seed, sealedWith: secret, to: candidatePath)
  }

  /// The same for a change of passphrase.
  func writeResealed(
    seed: borrowing SecretBytes, with secret: borrowing AccountSecret
  ) throws(ClientFailure) {
    try write(seed, sealedWith: secret, to: resealed.path)
  }

  private func write(
    _ seed: borrowing SecretBytes, sealedWith secret: borrowing AccountSecret, to path: String
  ) throws(ClientFailure) {
    var random = SystemRandom()
    let sealed = SealedIdentity(
      seed: seed, secret: secret, name: name, realm: realm, random: &random)
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(sealed.file.bytes)
      try file.commit()
    }
  }

  /// Makes the candidate the user's identity key. One that is there, and did not open, is kept
  /// aside.
  func promoteCandidate() throws(ClientFailure) {
    if unsafe access(path, F_OK) == 0 { try move(path, to: replacedPath) }
    try move(candidatePath, to: path)
    try withFiles { () throws(FileFailure) in try syncFolder(parentFolder(of: path)) }
  }

  func removeCandidate() { unsafe unlink(candidatePath) }

  private func move(_ old: String, to new: String) throws(ClientFailure) {
    guard unsafe rename(old, new) == 0 else {
      throw ClientFailure(FileFailure(path: old, operation: .rename, errno: errno))
    }
  }
}
