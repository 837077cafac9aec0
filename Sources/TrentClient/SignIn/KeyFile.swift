internal import DurableFiles
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
