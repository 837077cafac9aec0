import KeyDistribution
import Logging
import Synchronization

/// How much is said: from which level on, settable while the KDC serves.
///
/// Messages to the operator carry their levels. Of events, refusals are warnings; registrations,
/// logins, changes of secrets and what the operator does are notices; all others are information.
enum LogLevel {
  static let standard = Logger.Level.info
  /// What an operator may choose.
  static let names = ["debug", "info", "notice", "warning", "error"]

  private static let levels = Logger.Level.allCases.sorted()
  /// A place in `levels`.
  private static let present = Atomic(levels.firstIndex(of: standard) ?? 0)

  static var current: Logger.Level { levels[present.load(ordering: .relaxed)] }

  static func set(_ level: Logger.Level) {
    present.store(levels.firstIndex(of: level) ?? 0, ordering: .relaxed)
  }

  static func of(_ event: CenterEvent) -> Logger.Level {
    switch event.kind {
    case .refused: .warning
    case .registered, .loggedIn, .secretChanged, .operated: .notice
    case .keyIssued, .announced, .withdrawn, .depositsTaken, .probed: .info
    }
  }
}

/// Messages on standard error, from the present level on.
struct LevelledHandler: LogHandler {
  private var handler: StreamLogHandler

  init(label: String) {
    handler = StreamLogHandler.standardError(label: label)
    handler.logLevel = .trace
  }

  /// The same for all loggers.
  var logLevel: Logger.Level {
    get { LogLevel.current }
    set {}
  }

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) { handler.log(event: event) }
}
