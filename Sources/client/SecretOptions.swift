internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Where the user has what proves who it is.
struct SecretOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The file whose first line is the passphrase; - is standard input. Without it the terminal "
        + "asks.", valueName: "file"), completion: .file())
  var passphraseFile: String?

  @Option(
    help: ArgumentHelp(
      "The key file that \"client keygen\" made, instead of a passphrase; it holds the name, too.",
      valueName: "file"), completion: .file())
  var keyFile: String?

  func validate() throws {
    guard passphraseFile != "", keyFile != "" else {
      throw ValidationError("--passphrase-file and --key-file need the name of a file.")
    }
    guard passphraseFile == nil || keyFile == nil else {
      throw ValidationError("--passphrase-file and --key-file exclude each other.")
    }
  }

  /// Who signs in, and with what; what was not said is as it is settled.
  ///
  /// - Parameter name: as it was given. The settled files are not for another name.
  func completed(
    for name: PrincipalName?, by settings: ClientSettings
  ) throws(ClientFailure) -> (name: PrincipalName?, secret: SecretOptions) {
    guard name == nil else { return (name, self) }
    var completed = self
    if keyFile == nil, passphraseFile == nil {
      completed.keyFile = try settings.keyFile
      if completed.keyFile == nil { completed.passphraseFile = try settings.passphraseFile }
    }
    // A key file that was named says by itself whose it is.
    let settled = keyFile == nil ? try settings.name : nil
    guard settled != nil || completed.keyFile != nil else {
      throw ClientFailure(
        .usage, "Say who you are: with -n, with --key-file, or once in \(settings.path).")
    }
    return (settled, completed)
  }

  /// Refuses a key file where there is nothing to do with one.
  func refuseKeyFile() throws {
    guard keyFile == nil else {
      throw ValidationError(
        "A key file holds its identity key: to take both to another machine, copy the file.")
    }
  }

  var source: SecretSource {
    if let keyFile { return .keyFile(keyFile) }
    return .passphrase(passphrase)
  }

  /// Where there is no key file.
  var passphrase: PassphraseSource { PassphraseSource(option: passphraseFile) }

  /// Whose key file it is, when there is one.
  private func owner(named name: PrincipalName?) throws(ClientFailure) -> KeyFileOwner? {
    guard let keyFile else { return nil }
    let owner = try KeyFileOwner(path: keyFile)
    if let name { try owner.check(isNamed: name) }
    return owner
  }

  /// The name that was given, or else that of the key file.
  func name(_ name: PrincipalName?) throws(ClientFailure) -> PrincipalName {
    guard let name = try owner(named: name)?.name ?? name else {
      throw ClientFailure(.usage, "Say who you are: with -n, or with --key-file.")
    }
    return name
  }

  /// The same, at the KDC that a key file is for.
  func name(
    _ name: PrincipalName?, at kdc: inout KDCOptions
  ) throws(ClientFailure) -> PrincipalName {
    try owner(named: name)?.choose(&kdc)
    return try self.name(name)
  }
}

extension PassphraseSource {
  /// What `--passphrase-file` says, or that it is not there.
  init(option: String?) {
    switch option {
    case nil: self = .person
    case "-": self = .standardInput
    case let path?: self = .file(path)
    }
  }
}
