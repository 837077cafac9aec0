internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Shows one's own identity, and takes it to another device.
struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity",
    abstract: "Show one's own identity; take it to another device.",
    discussion: """
      The identity key is what peers know one by. It was made on the device that signed in first, \
      and is nowhere else unless it is exported there and imported here.

      EXIT STATUS:
      \(ExitStatus.table)
      """,
    subcommands: [Show.self, Export.self, Import.self], defaultSubcommand: Show.self)

  struct Show: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the identities on this device, or show the fingerprint of one.")

    @Option(
      name: [.customShort("n", allowingJoined: true), .long],
      help: "Whose fingerprint to show. The passphrase is needed, since the key is sealed.",
      transform: TransferCommand.principal)
    var name: PrincipalName?

    @OptionGroup(title: "KDC")
    var realm: RealmOptions

    @OptionGroup
    var secret: SecretOptions

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      let identities = OwnIdentities(in: state, person: person)
      guard name != nil || secret.keyFile != nil else {
        for line in try identities.list() { print(line) }
        return
      }
      let name = try secret.name(name)
      print(try identities.fingerprint(of: name, realm.choice, secret.source))
    }
  }

  struct Export: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write an identity to a file for another device.")

    @Option(
      name: [.customShort("n", allowingJoined: true), .long], help: "Your name.",
      transform: TransferCommand.principal)
    var name: PrincipalName

    @Option(
      name: [.customShort("o", allowingJoined: true), .long],
      help: ArgumentHelp("Where to, sealed under the export passphrase.", valueName: "file"),
      completion: .file())
    var output: String

    @OptionGroup(title: "KDC")
    var realm: RealmOptions

    @OptionGroup
    var secret: SecretOptions

    @OptionGroup
    var exportPassphrase: ExportPassphraseOption

    func validate() throws {
      guard !output.isEmpty else { throw ValidationError("-o needs the name of a file.") }
      try exportPassphrase.validate(beside: secret)
    }

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      try OwnIdentities(in: state, person: person).export(
        name, realm.choice, secret.passphrase, to: output, under: exportPassphrase.source)
    }
  }

  struct Import: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take over an identity that was exported on another device.")

    @Option(
      name: [.customShort("n", allowingJoined: true), .long], help: "Your name.",
      transform: TransferCommand.principal)
    var name: PrincipalName

    @Option(
      name: [.customShort("i", allowingJoined: true), .long],
      help: ArgumentHelp("The exported file.", valueName: "file"), completion: .file())
    var input: String

    @Option(
      help: ArgumentHelp(
        "The word of the KDC where it was exported, if that is another one: for who has been moved "
          + "with \"kdc export\" and \"kdc import\".", valueName: "word"),
      transform: CenterOptions.realm)
    var fromKdc: Realm?

    @Flag(help: "Replace another identity of this name, which is kept aside.")
    var replace = false

    @OptionGroup(title: "KDC")
    var realm: RealmOptions

    @OptionGroup
    var secret: SecretOptions

    @OptionGroup
    var exportPassphrase: ExportPassphraseOption

    func validate() throws {
      guard !input.isEmpty else { throw ValidationError("-i needs the name of a file.") }
      try exportPassphrase.validate(beside: secret)
    }

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      try OwnIdentities(in: state, person: person).import(
        name, realm.choice, of: fromKdc, secret.passphrase, from: input,
        under: exportPassphrase.source, replaces: replace)
    }
  }
}
