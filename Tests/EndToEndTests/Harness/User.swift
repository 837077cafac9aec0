/// Somebody with a name, a passphrase and a device.
struct User {
  let name: String
  let passphrase: String
  let passphraseFile: String
  /// The device's `TRENT_HOME`.
  let home: Folder

  /// - Parameters:
  ///   - device: names the folder of the state, if it is not the user's first device.
  ///   - passphrase: one that nothing else looks like, for who searches for it.
  init(
    _ name: String, in folder: Folder, device: String? = nil, passphrase: String? = nil
  ) throws {
    self.name = name
    self.passphrase = passphrase ?? "correct-horse-\(name)-staple"
    passphraseFile = try folder.put(
      Array((self.passphrase + "\n").utf8), at: "\(name).passphrase", mode: 0o600)
    home = Folder(notYetAt: folder.path("home-\(device ?? name)"))
  }

  /// The same user with another passphrase.
  init(_ user: User, home: Folder) {
    name = user.name
    passphrase = user.passphrase
    passphraseFile = user.passphraseFile
    self.home = home
  }
}
