internal import Cryptography
internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Wire

/// What this device keeps of one user's logins that open deposits, at one KDC: the keys of each,
/// sealed, and what has been taken with them, for as long as deposits may come.
///
/// A login has two files, named by a hash of its public key, in a folder of the user's own.
struct DepositKeyFiles {
  static let folder = "deposits"
  /// After the name of the file with what has been taken.
  private static let takenMark = "~taken"

  private let name: PrincipalName
  private let realm: Realm
  private let state: StateFolder
  private let person: any Person

  init(of name: PrincipalName, in realm: Realm, state: StateFolder, person: any Person) {
    self.name = name
    self.realm = realm
    self.state = state
    self.person = person
  }

  /// What is kept of one user at one KDC, seen from the state folder.
  static func folder(of name: PrincipalName, in realm: Realm) -> String {
    "\(folder)/\(realm.hexadecimalID)/\(name)"
  }

  private var folder: String { Self.folder(of: name, in: realm) }

  func path(of key: AgreementPublicKey) -> String {
    let hash = SHA256.hash(key.encoding).prefix(16)
    return state.path("\(folder)/\(Hexadecimal.encode(hash))")
  }

  /// Keeps other programs from writing, or erasing, in such a folder at the same time.
  static func lock(_ folder: String, in state: StateFolder) throws(ClientFailure) -> FileLock {
    try state.lock("\(folder)/lock~")
  }

  private func lock() throws(ClientFailure) -> FileLock { try Self.lock(folder, in: state) }

  /// Keeps the keys of a login. They are on the disk when this returns, which has to be before the
  /// KDC is told of them (B1).
  ///
  /// - Parameter storageKey: what they are sealed under.
  func save(
    _ keys: borrowing DepositKeys, under storageKey: borrowing DepositStorageKey
  ) throws(ClientFailure) {
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    var random = SystemRandom()
    let contents = keys.file(under: storageKey, random: &random)
    let path = path(of: keys.publicKey)
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(contents.bytes)
      try file.commit()
    }
  }

  /// Whether the keys of a login were saved, and are not erased.
  func hasKeys(of key: AgreementPublicKey) -> Bool { unsafe access(path(of: key), F_OK) == 0 }

  /// The keys of the login that a deposit names; nil when there are none, or none that open.
  /// Damaged ones stay where they are: a copy may be put in their place.
  func load(
    _ key: AgreementPublicKey, under storageKey: borrowing DepositStorageKey
  ) throws(ClientFailure) -> DepositKeys? {
    let path = path(of: key)
    let contents = try withFiles { () throws(FileFailure) in
      try readSecretFile(path, limit: DepositKeys.byteCount)
    }
    guard let contents else { return nil }
    do {
      let keys = try DepositKeys(
        opening: contents.bytes, under: storageKey, name: name, realm: realm)
      guard keys.publicKey == key else { throw WireError.invalid("login key") }
      return keys
    } catch {
      person.say("the keys for deposits in \(path) are damaged, or of another identity key")
      return nil
    }
  }

  // MARK: What has been taken

  /// Whether a deposit for this login was taken before (G2).
  func isTaken(_ tag: DepositTag, for key: AgreementPublicKey) throws(ClientFailure) -> Bool {
    let path = path(of: key) + Self.takenMark
    let contents = try withFiles { () throws(FileFailure) in
      try readSecretFile(path, limit: Self.takenLimit)
    }
    guard let contents else { return false }
    let bytes = contents.bytes
    // What is left at the end was never written to its end.
    return (0..<bytes.byteCount / DepositTag.byteCount).contains { number in
      let start = number * DepositTag.byteCount
      return bytes.extracting(start..<start + DepositTag.byteCount).isSame(as: tag.bytes.bytes)
    }
  }

  /// Remembers a deposit all of which is on the disk (G3).
  func remember(_ tag: DepositTag, for key: AgreementPublicKey) throws(ClientFailure) {
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    let path = path(of: key) + Self.takenMark
    try withFiles { () throws(FileFailure) in
      var file = try AppendFile(path: path)
      let tornByteCount = file.length % UInt64(DepositTag.byteCount)
      if tornByteCount > 0 { try file.truncate(to: file.length - tornByteCount) }
      guard file.length < UInt64(Self.takenLimit) else {
        throw FileFailure(path: path, operation: .write, errno: EFBIG)
      }
      try file.append(tag.bytes.bytes)
      try file.sync()
    }
  }

  /// A million deposits for one login.
  private static let takenLimit = DepositTag.byteCount << 20

  // MARK: The end

  /// Erases the keys of logins whose time is over, by KDC time or by this machine's: what is
  /// deposited for them now, or was and has not been taken, nobody opens any more.
  ///
  /// - Returns: how many logins there were.
  @discardableResult
  func eraseExpired(at clocks: PeerTrust.Clocks) throws(ClientFailure) -> Int {
    let folder = state.path(folder)
    let entries = try withFiles { () throws(FileFailure) in try folderEntries(folder) }
    var count = 0
    for entry in entries
    where !entry.contains("~") && !entry.hasPrefix(".") && entry != HomeMailbox.fileName {
      let path = joinPath(folder, entry)
      let contents = try withFiles { () throws(FileFailure) in
        try readSecretFile(path, limit: DepositKeys.byteCount)
      }
      // One that does not even tell its time is told of when it is needed.
      guard let contents, let head = try? DepositKeys.Head(contents.bytes),
        clocks.kdc > head.expires + PeerTrust.clockTolerance
          || clocks.own > head.expires + PeerTrust.ownClockTolerance
      else { continue }
      try erase(path)
      count += 1
    }
    return count
  }

  /// The same whenever the user's programs begin, which go on whatever comes of it.
  func eraseExpired(by clock: KDCClock) {
    // A clock that no KDC has set is this machine's, which counts by itself.
    let clocks = PeerTrust.Clocks(
      kdc: clock.time() ?? Timestamp(milliseconds: 0), own: SystemClock.now)
    do throws(ClientFailure) {
      try eraseExpired(at: clocks)
    } catch {
      person.say("keys for deposits whose time is over could not be erased: \(error)")
    }
  }

  private func erase(_ path: String) throws(ClientFailure) {
    let lock = try lock()
    defer { lock.isHeldUntilHere() }
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      try wipeFile(path)
      try wipeFile(path + Self.takenMark)
    }
  }
}
