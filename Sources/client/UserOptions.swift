internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// What the commands that move something share: who does it, by which KDC, how it is proven.
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
        + "terminal) or refuse.", valueName: "policy"))
  var newPeer = NewPeerPolicy.accept

  @Flag(help: "Say on standard error what happens, and why connections are closed.")
  var verbose = false

  func validate() throws { try identification.secret.validate(name: name) }

  /// Runs `body` at the KDC, as the user, with the user's state; and tells why it failed.
  func run(
    _ body: (_ kdc: KDCOptions, _ signIn: SignInOptions, _ state: StateFolder, _ person: Terminal)
      throws(ClientFailure) -> Void
  ) throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      var kdc = try center.kdcOptions()
      let signIn = try identification.signInOptions(name, at: &kdc)
      try body(kdc, signIn, try StateFolder.current(telling: person), person)
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
