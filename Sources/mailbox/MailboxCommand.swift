internal import ArgumentParser
internal import KeyDistribution
internal import MailboxService
internal import MailboxSpool
internal import ProgramArguments
internal import ProgramDescription
internal import SystemClock
internal import TrentClient
internal import Wire

/// Keeps what is meant for users who are away.
struct MailboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mailbox",
    abstract: "Keep what is meant for users who are away, sealed, until they fetch it.",
    usage: "mailbox -n NAME --key-file FILE -a KDC_HOST -p KDC_PORT --spool DIR [-l PORT]",
    discussion: """
      A mailbox is a user of the KDC with a name of its own: \"client keygen -n post --key-file \
      post.key -a KDC_HOST -p KDC_PORT\" registers it. Any number of them, under different \
      names, may serve a realm. It sees who leaves how much for whom, and when; what it keeps \
      was sealed by the sender for the receiver. Only its receiver lists, fetches and removes a \
      deposit. It serves until SIGINT or SIGTERM, which is a good end, and goes on while the KDC \
      is away.

      EXIT STATUS:
      \(ExitStatus.table)
      """,
    version: ProgramVersion.text)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long],
    help: "The mailbox's name; the key file has it, too.", transform: ArgumentValues.principal)
  var name: PrincipalName?

  @Option(
    help: ArgumentHelp("The key file that \"client keygen\" made.", valueName: "file"),
    completion: .file())
  var keyFile: String

  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp("\(ArgumentValues.targetHelp)", valueName: "hosts"))
  var host: String

  @Option(
    name: [.customShort("p", allowingJoined: true), .long], help: "\(ArgumentValues.portHelp)")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "The identity that the KDC must have. (default: the one in the key file)",
      valueName: "word"),
    transform: ArgumentValues.realm)
  var kdcKey: Realm?

  @Option(
    help: ArgumentHelp(
      "The folder where deposits wait; made if absent. One mailbox at a time has it.",
      valueName: "dir"), completion: .directory)
  var spool: String

  @Option(
    name: [.customShort("l", allowingJoined: true), .long],
    help: "The port to listen on; 0 picks a free one.")
  var listen: UInt16 = 60001

  @Option(
    help: ArgumentHelp(
      "An address at which users can reach this machine besides those that it knows of; with a "
        + "port if that differs. May be repeated.", valueName: "address"),
    transform: ArgumentValues.place)
  var announce: [HostAndPort] = []

  @OptionGroup(title: "Limits")
  var limits: LimitOptions

  @Flag(help: "Say on standard error why connections are closed, too.")
  var verbose = false

  func validate() throws {
    guard !spool.isEmpty, !keyFile.isEmpty else {
      throw ValidationError("--spool and --key-file need a name.")
    }
    _ = try ArgumentValues.target(host, port: port)
  }

  func run() throws {
    let person = Terminal(explains: verbose)
    do throws(ClientFailure) {
      let options = try hostOptions()
      let service = MailboxDesk(try openSpool(person), person)
      let state = try StateFolder.current(telling: person)
      try service.lookAfterSpool(lifetime: limits.policy.lifetime)
      try ServiceHost(options, state: state, person: person).run { session in
        service.serve(session)
      }
    } catch {
      person.say("mailbox: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  private func hostOptions() throws(ClientFailure) -> ServiceHostOptions {
    var kdc = KDCOptions(target: try KDCTarget(host, port: port), expected: kdcKey)
    let owner = try KeyFileOwner(path: keyFile)
    if let name { try owner.check(isNamed: name) }
    try owner.choose(&kdc)
    let signIn = SignInOptions(name: owner.name, secret: .keyFile(keyFile))
    var options = ServiceHostOptions(
      kdc: kdc, signIn: signIn, service: .mailbox, port: listen,
      busy: MailboxReply.refused(.busy).encoded())
    options.announced = announce
    return options
  }

  private func openSpool(_ person: Terminal) throws(ClientFailure) -> Spool {
    // Where the kernel does not name its life, no other one is the same.
    let boot = BootID.current() ?? "unknown-\(SystemClock.now.milliseconds)"
    do throws(SpoolFailure) {
      return try Spool(
        spool, limits.policy, boot: boot, clock: { SystemClock.now },
        tell: { person.say("\($0)") })
    } catch {
      throw ClientFailure(error.isHeld ? .other : .fileFailure, "\(error).")
    }
  }
}
