import ArgumentParser
import Configuration
import Directory
import Glibc
import KeyDistribution
import Logging
import Monitoring
import ProgramDescription
import SecretMemory
import ServerTransport
import ServiceLifecycle
import Settings
import UnixSignals

/// The command line of the key distribution centre.
struct KDC: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc",
    abstract: "A key distribution centre: vouches for names and hands out session keys.",
    discussion: """
      The first line on standard output is "listening on port N", the second the KDC's identity as \
      one word, which clients pin. The secrets of the KDC are in kdc.key beside the user file; \
      both files are made at the first start. SIGINT and SIGTERM end it; SIGHUP \
      makes it read its settings again, and go on with a log file that was moved away.

      Commands for who runs it: \(KDCProgram.words). "kdc COMMAND --help" tells about each. They \
      take effect at once while the KDC serves. Their exit codes: 0 done, 1 not done, 64 wrong \
      usage.

      Exit codes: 0 ended by a signal, 1 could not start or go on, 64 wrong usage.
      """,
    version: ProgramVersion.text)

  @Option(
    name: [.customShort("p", allowingJoined: true), .long],
    help: "Port for UDP and TCP; 0 picks a free one.")
  var port: UInt16?

  @Option(
    name: [.customShort("f", allowingJoined: true), .customLong("users")], help: "The user file.",
    completion: .file())
  var userFile: String?

  @Option(
    help: ArgumentHelp(
      "PostgreSQL with the users, in place of a user file: several KDCs can share it.",
      valueName: "url"))
  var store: String?

  @Option(
    help: ArgumentHelp(
      "With --store: the realm's keys, a copy for each KDC. "
        + "(default: \(RealmPlace.defaultKeyFile))"),
    completion: .file())
  var keys: String?

  @Option(
    name: [.customShort("o", allowingJoined: true), .customLong("log")],
    help: "Where each event goes as one line; standard error without it.", completion: .file())
  var log: String?

  @Option(
    help: ArgumentHelp(
      "Where each event goes as a record that cannot be changed unnoticed: see kdc audit --help.",
      valueName: "file"), completion: .file())
  var audit: String?

  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("bind")],
    help: "The address to listen on; every one without it.")
  var bindAddress: String?

  @Option(
    help: ArgumentHelp(
      "Show metrics to Prometheus at http://ADDRESS/metrics, and /healthz and /readyz: PORT, on "
        + "this machine alone, or HOST:PORT.", valueName: "address"),
    transform: Self.monitoringAddress)
  var metrics: String?

  @Option(
    help: "Who may register: open (anybody), invite (who has an invitation), closed.",
    completion: .list(RegistrationPolicy.allCases.map(\.rawValue)), transform: Self.registration)
  var registration: RegistrationPolicy?

  @Option(
    help: ArgumentHelp(
      "From which level on things are said: \(LogLevel.names.joined(separator: ", ")). "
        + "(default: \(LogLevel.standard))", valueName: "level"),
    completion: .list(LogLevel.names), transform: Self.level)
  var logLevel: String?

  @Option(
    name: .customLong("settings"),
    help: "A file of settings (JSON); what the command line says counts more.", completion: .file())
  var settingsFile: String?

  func validate() throws {
    guard userFile?.isEmpty != true else {
      throw ValidationError("-f needs the name of a user file")
    }
    if let log, log.isEmpty { throw ValidationError("-o needs the name of a file") }
    if let audit, audit.isEmpty { throw ValidationError("--audit needs the name of a file") }
    guard settingsFile != nil || port != nil && (userFile != nil || store != nil) else {
      throw ValidationError("-p, --port and -f, --users or --store are needed, or --settings")
    }
  }

  private static func registration(_ text: String) throws -> RegistrationPolicy {
    guard let policy = RegistrationPolicy(rawValue: text) else {
      throw ValidationError("--registration is open, invite or closed")
    }
    return policy
  }

  private static func monitoringAddress(_ text: String) throws -> String {
    guard MonitoringAddress(text) != nil else {
      throw ValidationError("--metrics is PORT or HOST:PORT")
    }
    return text
  }

  private static func level(_ text: String) throws -> String {
    guard LogLevel.names.contains(text) else {
      throw ValidationError("--log-level is one of \(LogLevel.names.joined(separator: ", "))")
    }
    return text
  }

  /// What the command line says, by the names of settings.
  private var flags: [AbsoluteConfigKey: ConfigValue] {
    var flags: [AbsoluteConfigKey: ConfigValue] = [:]
    if let port { flags["port"] = ConfigValue(.int(Int(port)), isSecret: false) }
    for (name, text) in [
      "users": userFile, "store": store, "keys": keys, "log": log, "audit": audit,
      "bind": bindAddress, "metrics": metrics,
      "registration": registration?.rawValue, "log-level": logLevel,
    ] {
      if let text { flags[AbsoluteConfigKey([name])] = ConfigValue(.string(text), isSecret: false) }
    }
    return flags
  }

  func run() async throws {
    let logger = Logger(label: "kdc")
    do {
      let (flags, file) = (flags, settingsFile)
      let service = try KDCService(logger: logger) { () throws(SettingsFailure) in
        try KDCSettings(flags: flags, file: file)
      }
      let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
          services: [service], gracefulShutdownSignals: [.sigint, .sigterm], logger: silent))
      try await group.run()
    } catch {
      logger.error("\(error)")
      throw ExitCode.failure
    }
  }

  /// What the service group says of itself is of no use to an operator.
  private var silent: Logger { Logger(label: "services") { _ in SwiftLogNoOpLogHandler() } }
}
