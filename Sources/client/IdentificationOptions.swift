internal import ArgumentParser
internal import TrentClient
internal import Wire

/// How the user proves who it is.
struct IdentificationOptions: ParsableArguments {
  @Flag(help: "Register the name if it is free, without a question.")
  var register = false

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the passphrase; - is standard input. Without it the terminal "
        + "asks.", valueName: "file"))
  var passphraseFile: String?

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the passphrase that was in force before the present one, when "
        + "that was set on another device. Without it the terminal asks.", valueName: "file"))
  var formerPassphraseFile: String?

  func validate() throws {
    guard passphraseFile != "", formerPassphraseFile != "" else {
      throw ValidationError("--passphrase-file needs the name of a file.")
    }
    guard passphraseFile != "-" || formerPassphraseFile != "-" else {
      throw ValidationError("Standard input cannot be both passphrases.")
    }
  }

  func signInOptions(_ name: PrincipalName) -> SignInOptions {
    var options = SignInOptions(
      name: name, secret: .passphrase(PassphraseSource(option: passphraseFile)), registers: register
    )
    options.former = formerPassphraseFile.map { PassphraseSource(option: $0) }
    return options
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
