internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Logs in once for many transfers.
struct LoginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login",
    abstract: "Log in once: until the login ends, no command asks for the passphrase.",
    usage: "client login -n NAME -a KDC_HOST -p KDC_PORT [--lifetime TIME]",
    discussion: """
      The login is kept in a file for you alone; whoever can read that file can act as you until \
      the login ends. "client status" tells about it, "client logout" ends it. From then on things \
      can be left for you with a mailbox while you are away, also after the login has ended; its \
      keys for that are on this device, for --deposit-lifetime.

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "Your name; a key file has it, too.",
    transform: TransferCommand.principal)
  var name: PrincipalName?

  @Option(
    help: ArgumentHelp(
      "How long the login shall last: 2m to 7d, but no longer than the KDC allows, 10h. "
        + "(default: 10h)", valueName: "time"),
    transform: Self.lifetime)
  var lifetime = Interval.hours(10)

  @OptionGroup(title: "KDC")
  var center: CenterOptions

  @OptionGroup(title: "Signing in")
  var identification: IdentificationOptions

  @OptionGroup(title: "Deposits")
  var deposits: DepositOptions

  @Flag(help: "Say on standard error what happens.")
  var verbose = false

  static let shortestLifetime = Interval.minutes(2)
  static let longestLifetime = Interval.days(7)

  static func lifetime(_ text: String) throws -> Interval {
    guard let lifetime = Interval(text) else {
      throw ValidationError("a time is a number and s, m, h or d, as in 30m")
    }
    guard lifetime >= shortestLifetime, lifetime <= longestLifetime else {
      throw ValidationError("a login lasts 2m to 7d")
    }
    return lifetime
  }

  func run() throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      let settings = try ClientSettings.current()
      var kdc = try center.kdcOptions(settings)
      var options = try identification.signInOptions(name, at: &kdc, settings)
      options.lifetime = lifetime
      options.depositLifetime = try deposits.lifetime(by: settings)
      let logins = KeptLogins(state: try StateFolder.current(telling: person), person: person)
      try logins.logIn(kdc, options)
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
