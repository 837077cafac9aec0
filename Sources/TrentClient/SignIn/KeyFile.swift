internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A key file on the disk.
struct KeyFile {
  let path: String

  /// The file's content, where there is a file.
  ///
  /// - Returns: nil when there is none.
  func readIfThere(_ person: any Person) throws(ClientFailure) -> PrincipalKey? {
    let file = try withFiles { () throws(FileFailure) in
      try SecretFile.read(path, limit: PrincipalKey.byteCount)
    }
    guard let file else { return nil }
    if file.isOpenToOthers { person.say("others may read the key file \(path): chmod 600 it") }
    do {
      return try PrincipalKey(file.contents.bytes)
    } catch {
      throw ClientFailure(
        .fileFailure, "\(path) is damaged, or no key file. Put a copy of it in its place.")
    }
  }

  func read(_ person: any Person) throws(ClientFailure) -> PrincipalKey {
    guard let key = try readIfThere(person) else {
      throw ClientFailure(
        .fileFailure, "There is no key file \(path). \"client keygen\" makes one.")
    }
    return key
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
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(contents.bytes)
      try file.commit()
    }
  }

  /// - Parameter realmID: 32 bytes.
  func check(
    _ key: borrowing PrincipalKey, isOf name: PrincipalName, inRealm realmID: [UInt8]
  ) throws(ClientFailure) {
    guard key.name == name else { throw belongs(to: key.name, not: name) }
    guard key.realm.id == realmID else {
      throw ClientFailure(
        .kdcIdentity,
        "\(path) is for another KDC: the one whose identity is \(key.realm.word).")
    }
  }

  func belongs(to owner: PrincipalName, not name: PrincipalName) -> ClientFailure {
    ClientFailure(.usage, "\(path) is the key file of \(owner), not of \(name).")
  }
}
