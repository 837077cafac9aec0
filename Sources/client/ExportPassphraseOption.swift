internal import ArgumentParser
internal import TrentClient

/// Where the passphrase of an exported identity comes from.
struct ExportPassphraseOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The file whose first line is the passphrase of the exported file; - is standard input. "
        + "Without it the terminal asks.", valueName: "file"), completion: .file())
  var exportPassphraseFile: String?

  var source: PassphraseSource { PassphraseSource(option: exportPassphraseFile) }

  func validate() throws {
    guard exportPassphraseFile != "" else {
      throw ValidationError("--export-passphrase-file needs the name of a file.")
    }
  }

  /// Refuses standard input for both, and a key file, which holds its identity.
  func validate(beside other: SecretOptions) throws {
    try other.refuseKeyFile()
    guard exportPassphraseFile != "-" || other.passphraseFile != "-" else {
      throw ValidationError("Standard input cannot be both passphrases.")
    }
  }
}
