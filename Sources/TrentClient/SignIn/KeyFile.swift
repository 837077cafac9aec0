internal import Cryptography
internal import DurableFiles
internal import Glibc
public import KeyDistribution
internal import SecretMemory
public import Wire

/// A key file on the disk (PROTOCOL.md, 9).
struct KeyFile {
  let path: String

  /// What the file holds. Who else may read it is told.
  func read(_ person: any Person) throws(ClientFailure) -> PrincipalKey {
    guard let file = try open() else { throw absent }
    if file.isOpenToOthers { person.say("others may read the key file \(path): chmod 600 it") }
    return try parse(file)
  }

  /// The same where it is not used yet; nil when there is no file.
  fileprivate func peek() throws(ClientFailure) -> PrincipalKey? {
    guard let file = try open() else { return nil }
    return try parse(file)
  }

  private func open() throws(ClientFailure) -> SecretFile? {
    try withFiles { () throws(FileFailure) in
      // A byte more than it may have: a file that is too long is damaged, not unreadable.
      try SecretFile.read(path, limit: PrincipalKey.longestByteCount + 1)
    }
  }

  private func parse(_ file: borrowing SecretFile) throws(ClientFailure) -> PrincipalKey {
    do {
      return try PrincipalKey(file.contents.bytes)
    } catch {
      throw ClientFailure(
        .fileFailure, "\(path) is damaged, or no key file. Put a copy of it in its place.")
    }
  }

  fileprivate var absent: ClientFailure {
    ClientFailure(.fileFailure, "There is no key file \(path). \"client keygen\" makes one.")
  }

  /// Makes a new key, unless there is a file already; it is on the disk when this returns.
  ///
  /// - Returns: whether it was made.
  func create(_ name: PrincipalName, in realm: Realm) throws(ClientFailure) -> Bool {
    var random = SystemRandom()
    let contents = PrincipalKey(name: name, realm: realm, random: &random).file()
    do throws(FileFailure) {
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(contents.bytes)
      return try file.commitIfAbsent()
    } catch {
      throw ClientFailure(error)
    }
  }

  /// Overwrites and removes it.
  func remove() throws(ClientFailure) {
    try withFiles { () throws(FileFailure) in _ = try wipeFile(path) }
  }

  // MARK: Changing the key

  /// Where it really is: what a link points to is replaced, and not the link.
  private var place: String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// The key that is to take the place of this one.
  func candidate(for name: PrincipalName) -> ChangeCandidate {
    ChangeCandidate(at: place + "~new", replacing: place, secret: "key of \(name)")
  }

  /// Keeps other programs from changing it, or clearing up after a change, at the same time.
  func lock() throws(ClientFailure) -> FileLock { try StateFolder.lock(at: place + "~lock") }

  /// Writes a candidate; it is on the disk when this returns.
  func writeCandidate(_ key: borrowing PrincipalKey) throws(ClientFailure) {
    let path = candidate(for: key.name).path
    let contents = key.file()
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(contents.bytes)
      try file.commit()
    }
  }
}

/// What a key file says of itself in the open: whose it is.
public struct KeyFileOwner: Hashable, Sendable {
  /// Whose it is.
  public let name: PrincipalName
  /// At which KDC it is good.
  public let realm: Realm
  private let path: String

  /// Reads all of the file, and keeps nothing that is secret.
  public init(path: String) throws(ClientFailure) {
    let file = KeyFile(path: path)
    guard let owner = try KeyFileOwner(of: file) else { throw file.absent }
    self = owner
  }

  /// Nil when there is no file.
  init?(of file: KeyFile) throws(ClientFailure) {
    guard let key = try file.peek() else { return nil }
    self.init(key, path: file.path)
  }

  init(_ key: borrowing PrincipalKey, path: String) {
    name = key.name
    realm = key.realm
    self.path = path
  }

  /// Refuses the file of somebody else.
  public func check(isNamed name: PrincipalName) throws(ClientFailure) {
    guard self.name == name else {
      throw ClientFailure(.usage, "\(path) is the key file of \(self.name), not of \(name).")
    }
  }

  /// Refuses a file for another KDC.
  ///
  /// - Parameter realmID: 32 bytes.
  func check(isInRealm realmID: [UInt8]) throws(ClientFailure) {
    guard realm.id == realmID else { throw isElsewhere }
  }

  private var isElsewhere: ClientFailure {
    ClientFailure(
      .kdcIdentity, "\(path) is for another KDC: the one whose identity is \(realm.word).")
  }

  /// The KDC must be the one that the file is for, which needs nobody's word then.
  public func choose(_ kdc: inout KDCOptions) throws(ClientFailure) {
    guard kdc.expected?.identity ?? realm.identity == realm.identity else { throw isElsewhere }
    kdc.expected = realm
    kdc.expectation = path
  }
}
