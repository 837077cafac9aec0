internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// What the commands that have to do with others share: who does it, by which KDC, how that is
/// proven.
struct UserOptions: ParsableArguments {
  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Your name; a key file has it, too.", transform: TransferCommand.principal)
  var name: PrincipalName?

  @OptionGroup(title: "KDC")
  var center: CenterOptions

  @OptionGroup(title: "Signing in")
  var identification: IdentificationOptions

  @Option(
    help: ArgumentHelp(
      "What to do with a peer who has not been met before: accept, ask (as refuse without a "
        + "terminal) or refuse. (default: accept)", valueName: "policy"))
  var newPeer: NewPeerPolicy?

  /// What is known of the user before anything is done.
  struct User {
    let kdc: KDCOptions
    let signIn: SignInOptions
    let newPeer: NewPeerPolicy
    let settings: ClientSettings
    let state: StateFolder
    let person: Terminal
  }

  /// - Parameters:
  ///   - settings: what options leave open.
  ///   - state: what the user's programs have to remember.
  func user(
    _ settings: ClientSettings, _ state: StateFolder, _ person: Terminal
  ) throws(ClientFailure) -> User {
    var kdc = try center.kdcOptions(settings)
    let signIn = try identification.signInOptions(name, at: &kdc, settings)
    let settledPolicy = try settings.newPeer
    return User(
      kdc: kdc, signIn: signIn, newPeer: newPeer ?? settledPolicy ?? .accept, settings: settings,
      state: state, person: person)
  }

  /// Runs `body` for the user that options and settings name, and tells why it failed.
  ///
  /// - Parameter asEvent: whether to tell that as an event, too.
  func run(
    _ verbosity: VerbosityOptions, asEvent: Bool = false,
    _ body: (User) throws(ClientFailure) -> Void
  ) throws {
    let person = verbosity.person
    do throws(ClientFailure) {
      try body(try user(.current(), .current(telling: person), person))
    } catch {
      if asEvent { EventWatcher.tellFailure(error) }
      Terminal(explains: false).say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  /// The same for a transfer.
  func run(
    _ reporting: ReportingOptions, _ body: (User) throws(ClientFailure) -> Void
  ) throws {
    try run(reporting.verbosity, asEvent: reporting.json, body)
  }
}
