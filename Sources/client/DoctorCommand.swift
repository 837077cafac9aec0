internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient
internal import Wire

/// Looks at everything that sending and receiving depend on.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check KDC, clock, login, listening port, files and peers, and say what to do.",
    usage: "client doctor [-n NAME] [-a KDC_HOST -p KDC_PORT] [-l PORT]",
    discussion: """
      One line a check: ok, warning or problem; and what to do on a second line. Without options, \
      everything that is kept here. Nobody is asked for a passphrase, and nothing is changed. The \
      exit status is 1 when there is a problem.

      Whether others reach the listening port, the KDC tries by a connection of its own. That \
      takes a login ("client login").

      EXIT STATUS:
      \(ExitStatus.table)
      """)

  @Option(
    name: [.customShort("n", allowingJoined: true), .long], help: "Only what is this name's.",
    transform: TransferCommand.principal)
  var name: PrincipalName?

  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp("Only this KDC, known or not; every place of it.", valueName: "hosts"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .long],
    help: "The port of that KDC, where -a says none.")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "The identity that it must have: the word that it prints when it starts.",
      valueName: "word"),
    transform: CenterOptions.realm)
  var kdcKey: Realm?

  @Option(
    name: [.customShort("l", allowingJoined: true), .long],
    help: "The port that you mean to receive on. (default: 60000)")
  var listen: UInt16?

  @Option(
    help: ArgumentHelp(
      "A passphrase file of yours: who else may read it?", valueName: "file"), completion: .file())
  var passphraseFile: [String] = []

  @Option(
    help: ArgumentHelp("A key file of yours: who else may read it?", valueName: "file"),
    completion: .file())
  var keyFile: [String] = []

  private var target: KDCTarget? { host.flatMap { try? KDCTarget($0, port: port) } }

  func validate() throws {
    try RealmOptions.validate(host, port)
    guard kdcKey == nil || host != nil else {
      throw ValidationError("--kdc-key needs the KDC's place, too (-a, -p).")
    }
    guard listen != 0 else { throw ValidationError("-l needs a port that is known: not 0.") }
  }

  func run() throws {
    let person = Terminal(explains: false)
    do throws(ClientFailure) {
      let options = DoctorOptions(
        name: name, kdc: target.map { KDCOptions(target: $0, expected: kdcKey) }, port: listen,
        secretFiles: passphraseFile + keyFile)
      let doctor = Doctor(options, state: try StateFolder.current(telling: nil))
      guard doctor.run({ print($0) }) else {
        throw ClientFailure(.other, "There are problems.")
      }
    } catch {
      person.say("client: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
