/// Somebody with a name, a passphrase and a device.
struct User {
  let name: String
  let passphrase: String
  let passphraseFile: String
  /// The device's `TRENT_HOME`.
  let home: Folder

  /// - Parameter device: names the folder of the state, if it is not the user's first device.
  init(_ name: String, in folder: Folder, device: String? = nil) throws {
    self.name = name
    passphrase = "correct-horse-\(name)-staple"
    passphraseFile = try folder.put(
      Array((passphrase + "\n").utf8), at: "\(name).passphrase", mode: 0o600)
    home = Folder(notYetAt: folder.path("home-\(device ?? name)"))
  }
}
