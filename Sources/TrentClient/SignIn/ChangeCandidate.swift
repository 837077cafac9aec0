internal import DurableFiles
internal import Glibc
internal import Wire

/// What is on the disk before a change of secret is asked for: the file that takes the place of
/// another once the KDC has made the change. After an interruption, logins tell which one counts.
struct ChangeCandidate {
  /// A request that was held back is dead after a minute; the disk of a KDC may take its time.
  static let requestLifetime = Interval.minutes(2)

  /// The file that it takes the place of.
  let target: String
  let path: String
  /// What was to be changed, as people call it.
  private let secret: String

  init(at path: String, replacing target: String, secret: String) {
    self.path = path
    self.target = target
    self.secret = secret
  }

  var isThere: Bool { unsafe access(path, F_OK) == 0 }

  /// Whether the request that it was written for may still be on its way.
  private var mayTakeForce: Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return false }
    // A clock that was set back does not keep a file for ever.
    return abs(time(nil) - status.st_mtim.tv_sec)
      < Int(Self.requestLifetime.milliseconds / Interval.seconds(1).milliseconds)
  }

  /// The new secret is in force.
  func promote(telling person: any Person) throws(ClientFailure) {
    guard unsafe rename(path, target) == 0 else {
      throw ClientFailure(FileFailure(path: path, operation: .rename, errno: errno))
    }
    try withFiles { () throws(FileFailure) in try syncFolder(parentFolder(of: target)) }
    person.say("the \(secret) was changed: the new one is in force")
  }

  /// The old secret was in force just now. It stays, unless the request is still on its way.
  func outlive(telling person: any Person) throws(ClientFailure) {
    guard isThere else { return }
    if !mayTakeForce { try remove() }
    person.say("the \(secret) was NOT changed: the old one is in force")
  }

  /// No request will ever take force.
  func remove() throws(ClientFailure) {
    try withFiles { () throws(FileFailure) in _ = try wipeFile(path) }
  }
}
