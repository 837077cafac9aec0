internal import ArgumentParser
internal import TrentClient

extension InvitationSource {
  /// What `--invite` says.
  init(option: String) { self = option == "-" ? .standardInput : .file(option) }

  static func validate(_ option: String?, besides passphraseFile: String?) throws {
    guard option != "" else { throw ValidationError("--invite needs the name of a file.") }
    guard option != "-" || passphraseFile != "-" else {
      throw ValidationError("Standard input cannot be both the passphrase and the invitation.")
    }
  }
}
