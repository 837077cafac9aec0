internal import ArgumentParser
internal import TrentClient
internal import Wire

/// How the user signs in.
struct IdentificationOptions: ParsableArguments {
  @Flag(help: "Register the name if it is free, without a question.")
  var register = false

  @Option(
    help: ArgumentHelp(
      "The file with the invitation to register with; - is standard input.", valueName: "file"),
    completion: .file())
  var invite: String?

  @OptionGroup(title: "Signing in")
  var secret: SecretOptions

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the passphrase that was in force before the present one, when "
        + "that was set on another device. Without it the terminal asks.", valueName: "file"),
    completion: .file())
  var formerPassphraseFile: String?

  func validate() throws {
    guard formerPassphraseFile != "" else {
      throw ValidationError("--former-passphrase-file needs the name of a file.")
    }
    try InvitationSource.validate(invite, besides: secret.passphraseFile)
    guard formerPassphraseFile == nil || secret.keyFile == nil else {
      throw ValidationError("A key file has no former passphrase.")
    }
    guard secret.passphraseFile != "-" || formerPassphraseFile != "-" else {
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
    var options = SignInOptions(
      name: try secret.name(name, at: &kdc), secret: secret.source,
      registers: register || invite != nil)
    options.invitation = invite.map { InvitationSource(option: $0) }
    options.former = formerPassphraseFile.map { PassphraseSource(option: $0) }
    return options
  }
}
