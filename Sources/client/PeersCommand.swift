internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Shows, verifies and forgets the peers whose identity keys are pinned.
struct PeersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "List the peers that this device knows; verify or forget one.",
    discussion: """
      A peer's identity key is pinned at the first meeting, when the KDC alone vouches for it. Two \
      people who read their fingerprints to each other (\"client identity show\" has one's own) \
      need not take the KDC's word.

      EXIT STATUS:
      \(ExitStatus.table)
      """,
    subcommands: [List.self, Verify.self, Forget.self], defaultSubcommand: List.self)

  struct List: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "Name, KDC, fingerprint, first meeting, and whether verified.")

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      for line in try PeerBook(in: state, person: person).list() { print(line) }
    }
  }

  struct Verify: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the fingerprint of a peer with what its owner reads out.")

    @Argument(help: "The peer.", transform: TransferCommand.principal)
    var name: PrincipalName

    @Option(
      help: ArgumentHelp(
        "What the owner reads out. Without it the terminal asks.", valueName: "text"),
      transform: Self.fingerprint)
    var fingerprint: Fingerprint?

    @OptionGroup(title: "KDC")
    var realm: RealmOptions

    static func fingerprint(_ text: String) throws -> Fingerprint {
      guard let fingerprint = Fingerprint(text) else {
        throw ValidationError("a fingerprint has 24 of the letters a-z and digits 2-7")
      }
      return fingerprint
    }

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      try PeerBook(in: state, person: person).verify(name, realm.choice, told: fingerprint)
    }
  }

  struct Forget: OfflineCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a peer, who will be new at the next meeting.")

    @Argument(help: "The peer.", transform: TransferCommand.principal)
    var name: PrincipalName

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup(title: "KDC")
    var realm: RealmOptions

    func run(in state: StateFolder, person: any Person) throws(ClientFailure) {
      try PeerBook(in: state, person: person).forget(name, realm.choice, isSure: yes)
    }
  }
}
