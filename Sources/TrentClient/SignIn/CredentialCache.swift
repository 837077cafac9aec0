internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// The login of one user at one KDC that this device keeps from one program to the next.
///
/// Several programs use it at the same time. It is written by a new login only: the ticket-granting
/// ticket in it stays good until the login ends, whatever fresher ones others have been given.
struct CredentialCache {
  /// A login that ends sooner than that is not begun with.
  static let reserve = Interval.minutes(1)
  static let folder = "credentials"
  private static let byteLimit = 4096

  let name: PrincipalName
  /// In hexadecimal, as the folder is named.
  let realmID: String
  private let state: StateFolder
  private let person: any Person

  init(of name: PrincipalName, in realmID: String, state: StateFolder, person: any Person) {
    self.name = name
    self.realmID = realmID
    self.state = state
    self.person = person
  }

  /// Every place in the folder where there may be a login.
  static func all(
    in state: StateFolder, person: any Person
  ) throws(ClientFailure) -> [CredentialCache] {
    try withFiles { () throws(FileFailure) in
      var caches: [CredentialCache] = []
      for realmID in try folderEntries(state.path(folder)) {
        for entry in try folderEntries(state.path("\(folder)/\(realmID)")) {
          guard let name = PrincipalName(entry) else { continue }
          caches.append(CredentialCache(of: name, in: realmID, state: state, person: person))
        }
      }
      return caches
    }
  }

  var path: String { state.path("\(Self.folder)/\(realmID)/\(name)") }

  /// Keeps other programs from writing, or removing, at the same time.
  private func lock() throws(ClientFailure) -> FileLock {
    try state.lock("\(Self.folder)/\(realmID)/\(name)~lock")
  }

  /// Keeps a login, in the place of an earlier one. It is on the disk when this returns.
  func save(_ credential: borrowing Credential) throws(ClientFailure) {
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    let contents = CachedCredential.encode(credential)
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(contents.bytes)
      try file.commit()
    }
  }

  /// The login, whether it has ended or not; nil when there is none. One that is damaged, or was
  /// put here from elsewhere, is removed.
  func load() throws(ClientFailure) -> Credential? {
    guard isThere else { return nil }
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    return try read()
  }

  /// Removes the login. Nothing of it is left in the file.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  func remove() throws(ClientFailure) -> Bool {
    guard isThere else { return false }
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    return try wipe()
  }

  /// Removes a login that is over, unless a new one has taken its place.
  func remove(_ dead: borrowing Credential) throws(ClientFailure) {
    guard isThere else { return }
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    let grantedAt = dead.grantedAt
    switch try read() {
    case .some(let found) where found.grantedAt == grantedAt: try wipe()
    default: return
    }
  }

  private var isThere: Bool { unsafe access(path, F_OK) == 0 }

  private func read() throws(ClientFailure) -> Credential? {
    let file = try withFiles { () throws(FileFailure) in
      try SecretFile.read(path, limit: Self.byteLimit)
    }
    guard let file else { return nil }
    if file.isOpenToOthers { person.say("others may read the login kept in \(path): chmod 600 it") }
    if let credential = try? CachedCredential.decode(file.contents.bytes),
      credential.name == name, credential.realm.hexadecimalID == realmID
    {
      return credential
    }
    person.say("the login kept in \(path) is damaged, or not from there, and was removed")
    try wipe()
    return nil
  }

  @discardableResult
  private func wipe() throws(ClientFailure) -> Bool {
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      return try wipeFile(path)
    }
  }
}
