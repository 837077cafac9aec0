import Cryptography
import Directory
import Glibc
import KeyDistribution
import Logging
import Operation
import SystemClock
import Wire

/// Everything that a KDC keeps, opened: by a KDC that serves, or by a command.
struct RealmFiles {
  /// Who opens them.
  enum Role: Hashable {
    /// The one KDC that serves on these files; or a command while none does.
    case server
    /// A command on a store, beside whatever KDCs serve.
    case visitor
    /// A command on a store that nobody else may use meanwhile: it replaces `kdc.key`.
    case keeper
  }

  let place: RealmPlace
  let keys: KeyStore
  let center: KeyDistributionCenter
  let directory: any RealmStore

  /// Opens the files, or makes them. Throws what hinders it, as a sentence.
  init(
    at place: RealmPlace, policy: CenterPolicy, role: Role = .server, logger: Logger
  ) throws {
    let now = SystemClock.now
    let (keys, center) = try Self.open(place, policy: policy, role: role, at: now)
    self.place = place
    self.keys = keys
    self.center = center
    let isNewFile = unsafe access(place.evidence, F_OK) != 0
    do {
      directory =
        switch place {
        case .files(let userFile):
          try Self.files(userFile, of: center, at: now, logger: logger)
        case .store(let url, _):
          try Self.store(url, of: center, isAlone: role == .keeper, at: now, logger: logger)
        }
    } catch DirectoryFailure.otherRealm(let path) {
      // Users of a lost key file: a new one beside them would only stand in its way.
      keys.discard()
      throw DirectoryFailure.otherRealm(path: path)
    }
    if keys.isNew { logger.notice("made \(keys.path): keep it secret, and keep a copy") }
    guard case .files(let userFile) = place else { return }
    if isNewFile { logger.notice("made \(userFile)") }
    let sealed = (directory as? FileDirectory)?.users.sealedCount ?? 0
    if sealed > 0 { logger.notice("sealed \(sealed) plain digests in \(userFile)") }
  }

  private static func open(
    _ place: RealmPlace, policy: CenterPolicy, role: Role, at now: Timestamp
  ) throws -> (KeyStore, KeyDistributionCenter) {
    var center: KeyDistributionCenter?
    let keys =
      if role == .visitor {
        try KeyStore(reading: place.keyFile) {
          center = KeyDistributionCenter($0, policy: policy, now: now)
        }
      } else {
        try KeyStore(at: place, now: now) {
          center = KeyDistributionCenter($0, policy: policy, now: now)
        }
      }
    guard let center else { throw KeyFileFailure.notAKeyFile(path: keys.path) }
    return (keys, center)
  }

  private static func files(
    _ userFile: String, of center: KeyDistributionCenter, at now: Timestamp, logger: Logger
  ) throws(DirectoryFailure) -> FileDirectory {
    try FileDirectory(
      path: userFile, realm: center.keys.realm.id, at: now,
      sealingWith: { name, keyVersion, digest in
        var random = SystemRandom()
        return center.keys.sealDigest(
          digest, name: name, keyVersion: keyVersion, random: &random)
      },
      report: { logger.warning("\($0)") })
  }
}
