import Cryptography
import Directory
import Glibc
import KeyDistribution
import Logging
import SystemClock
import Wire

/// Everything that a KDC keeps, opened: by a KDC that serves, or by a command while none does.
struct RealmFiles {
  let keys: KeyStore
  let center: KeyDistributionCenter
  let directory: FileDirectory

  /// Opens the files, or makes them. Throws what hinders it, as a sentence.
  init(userFile: String, policy: CenterPolicy, logger: Logger) throws {
    let now = SystemClock.now
    let (keys, center) = try Self.open(besideUserFile: userFile, policy: policy, at: now)
    self.keys = keys
    self.center = center
    let isNewUserFile = unsafe access(userFile, F_OK) != 0
    do throws(DirectoryFailure) {
      directory = try FileDirectory(
        path: userFile, realm: center.keys.realm.id, at: now,
        sealingWith: { name, keyVersion, digest in
          var random = SystemRandom()
          return center.keys.sealDigest(
            digest, name: name, keyVersion: keyVersion, random: &random)
        },
        report: { logger.warning("\($0)") })
    } catch {
      // Users of a lost key file: a new one beside them would only stand in its way.
      if case .otherRealm = error { keys.discard() }
      throw error
    }
    if keys.isNew { logger.notice("made \(keys.path): keep it secret, and keep a copy") }
    if isNewUserFile { logger.notice("made \(userFile)") }
    let sealed = directory.users.sealedCount
    if sealed > 0 { logger.notice("sealed \(sealed) plain digests in \(userFile)") }
  }

  private static func open(
    besideUserFile userFile: String, policy: CenterPolicy, at now: Timestamp
  ) throws -> (KeyStore, KeyDistributionCenter) {
    var center: KeyDistributionCenter?
    let keys = try KeyStore(besideUserFile: userFile, now: now) { material in
      center = KeyDistributionCenter(material, policy: policy, now: now)
    }
    guard let center else { throw KeyFileFailure.notAKeyFile(path: keys.path) }
    return (keys, center)
  }
}
