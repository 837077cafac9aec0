import Configuration
import KeyDistribution
import Logging
import Monitoring
import Settings
import Wire

/// What an operator says about a KDC: on the command line, else in the settings file, else nowhere.
struct KDCSettings: Sendable {
  /// 0 picks a free one.
  let port: UInt16
  let place: RealmPlace
  /// Nil: standard error.
  let eventLog: String?
  /// Nil: none.
  let audit: String?
  /// Nil: every address, IPv6 and IPv4.
  let bindAddress: String?
  /// Where the KDC is watched; nil: nowhere.
  let metrics: MonitoringAddress?
  let logLevel: Logger.Level
  let policy: CenterPolicy

  /// - Parameters:
  ///   - flags: what the command line says, by the names of `Setting`.
  ///   - file: the settings file, if there is one.
  init(
    flags: [AbsoluteConfigKey: ConfigValue], file: String?
  ) throws(SettingsFailure) {
    let contents =
      if let file { try Setting.values(in: file) } else { [AbsoluteConfigKey: ConfigValue]() }
    let reader = ConfigReader(providers: [
      InMemoryProvider(name: "command line", values: flags),
      InMemoryProvider(name: "settings file", values: contents),
    ])
    guard let port = reader.int(forKey: "port") else {
      throw SettingsFailure("there is no port: pass -p, --port, or set \"port\" in the settings")
    }
    self.port = UInt16(clamping: port)
    place = try RealmPlace(
      userFile: reader.string(forKey: "users"), store: reader.string(forKey: "store"),
      keys: reader.string(forKey: "keys"))
    eventLog = reader.string(forKey: "log")
    audit = reader.string(forKey: "audit")
    bindAddress = reader.string(forKey: "bind")
    metrics = try reader.string(forKey: "metrics").map { (text) throws(SettingsFailure) in
      guard let address = MonitoringAddress(text) else {
        throw SettingsFailure("metrics must be PORT or HOST:PORT, not \(JSONValue.text(text))")
      }
      return address
    }
    logLevel =
      reader.string(forKey: "log-level").flatMap { Logger.Level(rawValue: $0) }
      ?? LogLevel.standard
    policy = Self.policy(reader)
  }

  private static func policy(_ reader: ConfigReader) -> CenterPolicy {
    var policy = CenterPolicy()
    policy.registration =
      reader.string(forKey: "registration").flatMap { RegistrationPolicy(rawValue: $0) }
      ?? policy.registration
    let brakes = reader.scoped(to: "brakes")
    read(&policy.brakes.name, brakes.scoped(to: "name"))
    read(&policy.brakes.source, brakes.scoped(to: "source"))
    read(&policy.brakes.sealedRequests, brakes.scoped(to: "sealed-requests"))
    read(&policy.brakes.registrations, brakes.scoped(to: "registrations"))
    read(&policy.brakes.connections, brakes.scoped(to: "connections"))
    return policy
  }

  private static func read(_ rule: inout BackOffRule, _ reader: ConfigReader) {
    rule.freeFailures = reader.int(forKey: "free-failures", default: rule.freeFailures)
    read(&rule.firstDelay, "first-delay-seconds", reader)
    read(&rule.longestDelay, "longest-delay-seconds", reader)
    read(&rule.forgiveness, "forgiveness-seconds", reader)
  }

  private static func read(_ interval: inout Interval, _ key: ConfigKey, _ reader: ConfigReader) {
    guard let seconds = reader.int(forKey: key) else { return }
    interval = .seconds(UInt64(clamping: seconds))
  }

  private static func read(_ rule: inout RateRule, _ reader: ConfigReader) {
    rule.perSecond = reader.int(forKey: "per-second", default: rule.perSecond)
    rule.burst = reader.int(forKey: "burst", default: rule.burst)
  }
}
