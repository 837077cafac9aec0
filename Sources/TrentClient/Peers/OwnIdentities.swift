internal import Cryptography
internal import DurableFiles
internal import Glibc
public import KeyDistribution
internal import SecretMemory
public import Wire

/// The user's own identity keys on this device: shown, taken out and brought in, all off line.
public struct OwnIdentities {
  private let state: StateFolder
  private let kdcs: KnownKDCs
  private let person: any Person

  /// Those that are kept in the folder.
  public init(in state: StateFolder, person: any Person) {
    self.state = state
    kdcs = KnownKDCs(in: state, person: person)
    self.person = person
  }

  /// A line for each identity key: name and KDC. The fingerprint is under the passphrase.
  public func list() throws(ClientFailure) -> [String] {
    var lines: [String] = []
    let folder = state.path("identities")
    for realm in Self.names(in: folder) where realm.utf8.count == 64 {
      for name in Self.names(in: joinPath(folder, realm)) where PrincipalName(name) != nil {
        lines.append("\(name)  \(try kdcs.places(ofRealm: realm))")
      }
    }
    return lines
  }

  /// The fingerprint that one's peers should see.
  public func fingerprint(
    of name: PrincipalName, _ choice: RealmChoice, _ source: SecretSource
  ) throws(ClientFailure) -> Fingerprint {
    switch source {
    case .passphrase(let passphrase):
      let files = try find(name, choice)
      let seed = try openCurrent(files, passphrase)
      return Self.fingerprint(seed, files)
    case .keyFile(let path):
      let key = try KeyFile(path: path).read(person)
      let owner = KeyFileOwner(key, path: path)
      try owner.check(isNamed: name)
      if let realm = try choice.realm(kdcs) { try owner.check(isInRealm: realm.id) }
      return Fingerprint(
        of: SigningKey(seed: key.identitySeed).publicKey, name: name, realmID: key.realm.id)
    }
  }

  /// Writes the identity key to a file for another device, under a passphrase of its own.
  public func export(
    _ name: PrincipalName, _ choice: RealmChoice, _ passphrase: PassphraseSource, to path: String,
    under exportPassphrase: PassphraseSource
  ) throws(ClientFailure) {
    let files = try find(name, choice)
    let seed = try openCurrent(files, passphrase)
    let key = try exportPassphrase.read("export passphrase: ", person)
    if exportPassphrase == .person { try PassphraseSource.confirm(key, person) }
    let sealed = try SealedIdentity(seed, of: files, underNew: key)
    try withFiles { () throws(FileFailure) in
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(sealed.file.bytes)
      try file.commit()
    }
    person.say("exported \(name), fingerprint \(Self.fingerprint(seed, files))")
  }

  /// Takes over an identity key that was exported on another device.
  ///
  /// - Parameters:
  ///   - former: the KDC where it was exported; nil: the same one.
  ///   - passphrase: the one to log in with, which seals the key on this device.
  ///   - replaces: whether to put it in the place of another identity key of that name, which is
  ///     kept aside.
  public func `import`(
    _ name: PrincipalName, _ choice: RealmChoice, of former: Realm? = nil,
    _ passphrase: PassphraseSource, from path: String, under exportPassphrase: PassphraseSource,
    replaces: Bool
  ) throws(ClientFailure) {
    let named = try choice.realm(kdcs)
    guard let realm = try named == nil ? onlyKDC() : named else {
      throw ClientFailure(
        .usage, "Say whose user \(name) is: pass the word of the KDC with --kdc-key.")
    }
    let files = IdentityFiles(of: name, in: realm, state: state)
    guard let sealed = try IdentityFiles.read(path) else {
      throw ClientFailure(.fileFailure, "There is no file \(path).")
    }
    let exportKey = try exportPassphrase.read("export passphrase: ", person)
    let origin = try former.map { (realm) throws(ClientFailure) in
      try RealmChoice.realm(realm).realm(kdcs) ?? realm
    }
    let sealedFor = IdentityFiles(of: name, in: origin ?? realm, state: state)
    guard let seed = try sealed.open(under: exportKey, of: sealedFor) else {
      throw ClientFailure(
        .authenticationRefused,
        "This is not the export passphrase of \(path), or the file is another user's or KDC's. "
          + "For one of another KDC, pass the word of that with --from-kdc.")
    }
    let key = try passphrase.read(for: name, person)
    // Nothing here can tell a mistyped one: it would seal the key away.
    if passphrase == .person { try PassphraseSource.confirm(key, person) }
    let lock = try files.lock()
    defer { lock.isHeldUntilHere() }
    if !replaces { try checkPlace(of: files, for: seed, key) }
    let new = try AccountSecret(new: key)
    try files.writeCandidate(seed: seed, sealedWith: new)
    try files.promoteCandidate()
    person.say("imported \(name), fingerprint \(Self.fingerprint(seed, files))")
  }

  /// Refuses to put a key into the place of another one.
  private func checkPlace(
    of files: IdentityFiles, for seed: borrowing SecretBytes, _ passphrase: borrowing SecretBytes
  ) throws(ClientFailure) {
    var path = files.candidatePath
    if try files.candidate() == nil {
      guard let current = try files.current() else { return }
      if let present = try current.open(under: passphrase, of: files),
        equalInConstantTime(present.bytes, seed.bytes)
      {
        return
      }
      path = files.path
    }
    throw ClientFailure(
      .fileFailure,
      "\(path) is an identity key of \(files.name) already, another one or under another "
        + "passphrase. Nothing was changed. To put the new one in its place, pass --replace.")
  }

  private func openCurrent(
    _ files: IdentityFiles, _ passphrase: PassphraseSource
  ) throws(ClientFailure) -> SecretBytes {
    guard let sealed = try files.current() else { throw absent(files.name) }
    let entered = try passphrase.read(for: files.name, person)
    guard let seed = try sealed.open(under: entered, of: files) else {
      throw ClientFailure(
        .authenticationRefused, "This is not the passphrase that \(files.path) is sealed with.")
    }
    return seed
  }

  /// The one identity key of a name on this device that the choice leaves.
  private func find(
    _ name: PrincipalName, _ choice: RealmChoice
  ) throws(ClientFailure) -> IdentityFiles {
    if let realm = try choice.realm(kdcs) {
      return IdentityFiles(of: name, in: realm, state: state)
    }
    var found: [Realm] = []
    for realm in try knownRealms() {
      let files = IdentityFiles(of: name, in: realm, state: state)
      if unsafe access(files.path, F_OK) == 0 { found.append(realm) }
    }
    guard let realm = found.first else { throw absent(name) }
    guard found.count == 1 else {
      var places: [String] = []
      for realm in found { places.append(try kdcs.places(ofRealm: realm.hexadecimalID)) }
      throw ClientFailure(
        .usage,
        "\(name) is known at several KDCs: \(places.joined(separator: "; ")). "
          + RealmChoice.hint)
    }
    return IdentityFiles(of: name, in: realm, state: state)
  }

  private func knownRealms() throws(ClientFailure) -> [Realm] {
    var realms: [Realm] = []
    for realm in try kdcs.all().map(\.realm) where !realms.contains(realm) { realms.append(realm) }
    return realms
  }

  private func onlyKDC() throws(ClientFailure) -> Realm? {
    let realms = try knownRealms()
    return realms.count == 1 ? realms.first : nil
  }

  private func absent(_ name: PrincipalName) -> ClientFailure {
    ClientFailure(
      .fileFailure,
      "There is no identity key of \(name) on this device for a known KDC. \"client identity\" "
        + "lists those that there are; --kdc-key names another KDC.")
  }

  private static func fingerprint(
    _ seed: borrowing SecretBytes, _ files: IdentityFiles
  ) -> Fingerprint {
    Fingerprint(
      of: SigningKey(seed: seed.duplicate()).publicKey, name: files.name, realmID: files.realm.id)
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
      }
      names.append(name)
    }
    return names.sorted()
  }
}
