internal import ArgumentParser
internal import TrentClient
internal import Wire

/// The old secret and the new one.
struct PasswdOptions: ParsableArguments {
  /// A key file gets a new random key in its place.
  @OptionGroup(title: "Secrets")
  var secret: SecretOptions

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the new passphrase; - is standard input. Without it the "
        + "terminal asks, twice.", valueName: "file"), completion: .file())
  var newPassphraseFile: String?

  func validate() throws {
    guard newPassphraseFile != "" else {
      throw ValidationError("--new-passphrase-file needs the name of a file.")
    }
    guard secret.keyFile == nil || newPassphraseFile == nil else {
      throw ValidationError("A key file has no passphrase: leave out one of the two.")
    }
    guard secret.passphraseFile != "-" || newPassphraseFile != "-" else {
      throw ValidationError("Standard input cannot be both passphrases.")
    }
  }

  /// - Parameters:
  ///   - name: as it was given; the settings or a key file have one, too.
  ///   - kdc: where to sign in; a key file says which identity is expected there.
  func signInOptions(
    _ name: PrincipalName?, at kdc: inout KDCOptions, _ settings: ClientSettings
  ) throws(ClientFailure) -> SignInOptions {
    let (name, secret) = try secret.completed(for: name, by: settings)
    return SignInOptions(name: try secret.name(name, at: &kdc), secret: secret.source)
  }

  var newPassphrase: PassphraseSource { PassphraseSource(option: newPassphraseFile) }
}
