internal import ArgumentParser
internal import TrentClient
internal import Wire

/// The old secret and the new one.
struct PasswdOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The file whose first line is the present passphrase; - is standard input. Without it the "
        + "terminal asks.", valueName: "file"))
  var passphraseFile: String?

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the new passphrase; - is standard input. Without it the "
        + "terminal asks, twice.", valueName: "file"))
  var newPassphraseFile: String?

  @Option(
    help: ArgumentHelp(
      "The key file; it gets a new random key. What it was replaced by, if this is interrupted, is "
        + "beside it.", valueName: "file"))
  var keyFile: String?

  func validate() throws {
    guard passphraseFile != "", newPassphraseFile != "", keyFile != "" else {
      throw ValidationError("An option that names a file needs the name of one.")
    }
    guard keyFile == nil || passphraseFile == nil && newPassphraseFile == nil else {
      throw ValidationError("A key file has no passphrase: leave out one of the two.")
    }
    guard passphraseFile != "-" || newPassphraseFile != "-" else {
      throw ValidationError("Standard input cannot be both passphrases.")
    }
  }

  func signInOptions(_ name: PrincipalName) -> SignInOptions {
    let secret: SecretSource =
      keyFile.map { .keyFile($0) } ?? .passphrase(PassphraseSource(option: passphraseFile))
    return SignInOptions(name: name, secret: secret)
  }

  var newPassphrase: PassphraseSource { PassphraseSource(option: newPassphraseFile) }
}
