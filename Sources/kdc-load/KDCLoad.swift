internal import ArgumentParser
internal import Glibc
internal import KeyDistribution
internal import ProgramDescription
internal import SecretMemory

/// The command line of the load generator.
@main
struct KDCLoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc-load",
    abstract: "Puts load on a KDC: real clients of the real protocol, many at a time.",
    discussion: """
      It registers the names that it needs, under random digests; they stay in the KDC's user \
      file, so try it on a KDC of its own. No request is sent twice. Requests are sealed before \
      the clock starts and answers opened after it has stopped, round after round.

      Exit codes: 0 every request completed, 1 not all did, 64 wrong usage.
      """,
    version: ProgramVersion.text)

  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp("The host of the KDC, by name or address.", valueName: "host"))
  var host: String

  @Option(
    name: [.customShort("p", allowingJoined: true), .long], help: "The port of the KDC.")
  var port: UInt16

  @Option(
    help: ArgumentHelp(
      "The identity that the KDC must have: the word that it prints when it starts.",
      valueName: "word"),
    transform: Self.realm)
  var kdcKey: Realm?

  @Flag(help: "Trust whatever KDC answers.")
  var acceptNewKdc = false

  @Option(
    help: """
      What to ask for: register, login, ticket, announce, or refusal: logins with a wrong proof, \
      which complete when they are refused.
      """)
  var exchange: Exchange

  @Option(
    help: """
      How: udp, tcp (connections that are kept) or tcp-connect (a new connection for each \
      request). By UDP there are only tickets and announcements.
      """)
  var transport = LoadTransport.tcp

  @Option(
    name: [.customShort("c", allowingJoined: true), .long],
    help: "How many requests are under way at a time; at most 2000.")
  var concurrency = 32

  @Option(
    name: [.customShort("n", allowingJoined: true), .long], help: "How many requests in all.")
  var count = 10_000

  @Option(
    help: """
      How many users log in, ask for tickets or announce themselves. (default: 1000, or as many \
      as -n)
      """)
  var users: Int?

  @Option(
    help: ArgumentHelp(
      "The process of the KDC, where it runs on this machine: tells its processor time, too.",
      valueName: "process"))
  var serverPid: Int32?

  @Option(help: ArgumentHelp("Also write the result here, as JSON.", valueName: "file"))
  var json: String?

  /// A KDC takes 2048 connections from one source, and the preparations need some.
  private static let concurrencyLimit = 2000
  private static let countLimit = 100_000_000
  private static let usualUsers = 1000

  static func realm(_ word: String) throws -> Realm {
    guard let realm = Realm(word: word) else {
      throw ValidationError("this is not a word that a KDC printed: is it complete?")
    }
    return realm
  }

  func validate() throws {
    guard kdcKey != nil || acceptNewKdc else {
      throw ValidationError(
        "say which KDC it must be (--kdc-key), or that any will do (--accept-new-kdc)")
    }
    guard port != 0 else { throw ValidationError("0 cannot be the port of the KDC (-p).") }
    guard exchange.isGranting || transport != .udp else {
      throw ValidationError("registrations and logins do not travel by udp")
    }
    guard (1...Self.concurrencyLimit).contains(concurrency) else {
      throw ValidationError("-c is 1 to \(Self.concurrencyLimit)")
    }
    guard (1...Self.countLimit).contains(count) else {
      throw ValidationError("-n is 1 to \(Self.countLimit)")
    }
    if let users, !(2...Self.countLimit).contains(users) {
      throw ValidationError("--users is 2 to \(Self.countLimit)")
    }
    if let serverPid, ProcessClock(serverPid) == nil {
      throw ValidationError("there is no process \(serverPid)")
    }
  }

  func run() throws {
    forbidCoreDumps()
    _ = signal(SIGPIPE, SIG_IGN)
    let settings = LoadSettings(
      host: host, port: port, expected: kdcKey, exchange: exchange, transport: transport,
      concurrency: concurrency, count: count,
      users: users ?? max(2, min(count, Self.usualUsers)),
      serverClock: serverPid.flatMap { ProcessClock($0) })
    var load = LoadRun(settings)
    do throws(LoadFailure) {
      try load.run()
      try report(LoadReport(settings: settings, result: load.result))
    } catch {
      _ = write("kdc-load: \(error)\n", to: STDERR_FILENO)
      throw ExitCode.failure
    }
    guard load.result.completed == count else {
      if let reason = load.result.firstFailure {
        _ = write("kdc-load: the first failure: \(reason)\n", to: STDERR_FILENO)
      }
      throw ExitCode.failure
    }
  }

  private func report(_ report: LoadReport) throws(LoadFailure) {
    guard write(report.text, to: STDOUT_FILENO) else {
      throw LoadFailure("standard output cannot be written")
    }
    guard let json else { return }
    let file = unsafe open(json, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { if file >= 0 { close(file) } }
    guard file >= 0, write(report.json, to: file) else {
      throw LoadFailure("\(json) cannot be written")
    }
  }
}
