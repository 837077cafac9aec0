import Cryptography
import Directory
import Dispatch
import Glibc
import KeyDistribution
import LocalSockets
import Logging
import Monitoring
import Operation
import SecretMemory
import ServerTransport
import ServiceLifecycle
import Settings
import SystemClock
import UnixSignals
import Wire

/// A KDC from its files to its sockets: opens, serves, keeps its keys fresh, closes.
struct KDCService: Service {
  private let settings: KDCSettings
  private let readSettings: @Sendable () throws(SettingsFailure) -> KDCSettings
  private let logger: Logger
  private let files: RealmFiles
  private let log: EventLog
  private let watch: Watch
  /// Nil unless a service manager has started this.
  private let manager = ServiceNotifier()

  private var keys: KeyStore { files.keys }
  private var center: KeyDistributionCenter { files.center }
  private var directory: any RealmStore { files.directory }

  /// How often keys are looked after.
  private static let maintenanceInterval = Duration.seconds(5)
  /// Descriptors for everything but connections.
  private static let ownDescriptors = 128
  private static let fewestConnections = 64
  private static let fewConnections = 1000

  /// Opens the files, or makes them. Throws what hinders it, as a sentence.
  ///
  /// - Parameter readSettings: gives the settings as they are now.
  init(
    logger: Logger,
    readSettings: @escaping @Sendable () throws(SettingsFailure) -> KDCSettings
  ) throws {
    let settings = try readSettings()
    self.settings = settings
    self.readSettings = readSettings
    LogLevel.set(settings.logLevel)
    self.logger = logger
    let files = try RealmFiles(at: settings.place, policy: settings.policy, logger: logger)
    self.files = files
    let audit = try settings.audit.map {
      try AuditTrail(path: $0, keys: files.center.keys, logger: logger)
    }
    log = try EventLog(path: settings.eventLog, audit: audit) { logger.error("\($0)") }
    watch = Watch(at: settings.metrics)
  }

  func run() async throws {
    // From now on a SIGHUP does not end the KDC.
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let limits = limits()
    let monitor = try await watch.start()
    if let monitor { logger.notice("metrics at http://\(monitor.address)/metrics") }
    refreshKeys()
    directory.maintain(at: SystemClock.now)
    let prober = ConnectionProber()
    let router = RequestRouter(
      center: center, directory: directory, changes: directory.changes, prober: prober, log: log,
      metrics: watch.requests)
    let admission: Admission = { [center] source in
      center.brakes.admitConnection(from: source, at: SystemClock.now)
    }
    let server: RequestServer
    do throws(ServerFailure) {
      server = try await RequestServer.start(
        bind: settings.bindAddress, port: settings.port, limits: limits, threads: nil,
        admission: admission
      ) { message, source, transport, later in
        router.handle(message, from: source, by: transport, later: later)
      }
    } catch {
      try? await monitor?.shutdown()
      throw error
    }
    let status = ServingStatus(files, log: log, server: server)
    let operators = serveOperators(status)
    watch.serve(status)
    let isSaid =
      Console.say("listening on port \(server.port)") && Console.say(center.keys.realm.word)
    if !isSaid { logger.warning("standard output cannot be written") }
    manager?.tell(.ready, status: "listening on port \(server.port)")
    let watchdog = manager.flatMap { Watchdog($0, serving: server.addresses.first) }
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask { await keepKeysFresh() }
        group.addTask {
          for await _ in hangups { reload() }
        }
        if let watchdog { group.addTask { await watchdog.run() } }
      }
    }
    manager?.tell(.stopping)
    watch.end()
    operators?.shutdown()
    try await server.shutdown()
    try await prober.shutdown()
    directory.close()
    log.close()
    try await monitor?.shutdown()
  }

  /// Takes over what may change while the KDC serves. Settings that cannot be used change nothing.
  private func reload() {
    manager?.tell(.reloading)
    defer { manager?.tell(.ready) }
    do {
      let settings = try readSettings()
      try log.reopen(settings.eventLog)
      LogLevel.set(settings.logLevel)
      center.adopt(settings.policy)
      reopenAudit()
      logger.notice("settings and log file are those of now")
      if settings.port != self.settings.port || settings.place != self.settings.place
        || settings.bindAddress != self.settings.bindAddress
        || settings.audit != self.settings.audit || settings.metrics != self.settings.metrics
      {
        logger.warning(
          "port, users, store, keys, bind, audit and metrics take effect at the next start")
      }
    } catch {
      logger.error("nothing was changed: \(error)")
    }
  }

  private func reopenAudit() {
    do {
      try log.reopenAudit()
    } catch {
      logger.error("the audit goes on in the file that it was in: \(error)")
    }
  }

  /// Nil when commands cannot be served; everything else can.
  private func serveOperators(_ status: ServingStatus) -> OperatorSocket? {
    let desk = OperatorDesk(files, status: status) { [log] event, time in log.write(event, at: time)
    }
    if keys.isRotating || keys.isRecertifying {
      DispatchQueue.global().async { [keys] in
        do throws(OperatorFailure) {
          if keys.isRecertifying { try desk.goOnRecertifying() }
          if keys.isRotating { _ = try desk.rotateStorageKey() }
        } catch {
          logger.error("\(error)")
        }
      }
    }
    do throws(OperatorFailure) {
      return try OperatorSocket(desk, beside: files.place.base)
    } catch {
      logger.warning("\(error)")
      return nil
    }
  }

  private func keepKeysFresh() async {
    while (try? await Task.sleep(for: Self.maintenanceInterval)) != nil {
      refreshKeys()
      directory.maintain(at: SystemClock.now)
    }
  }

  /// New epoch keys, new TGT keys, old ones erased, in memory and on disk.
  private func refreshKeys() {
    var random = SystemRandom()
    let hasMoved = center.maintain(at: SystemClock.now, random: &random)
    do {
      try keys.saveRatchet(of: center, hasMoved: hasMoved)
    } catch {
      logger.error("\(error)")
    }
  }

  /// As many connections as the system allows descriptors, less those for files; none of the
  /// sources gets more than an eighth.
  private func limits() -> ServerLimits {
    var limits = ServerLimits()
    var descriptors = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard unsafe getrlimit(resource, &descriptors) == 0 else { return limits }
    descriptors.rlim_cur = descriptors.rlim_max
    _ = unsafe setrlimit(resource, &descriptors)
    let spare = Int(clamping: descriptors.rlim_max) - Self.ownDescriptors
    limits.connections = max(Self.fewestConnections, min(limits.connections, spare))
    limits.connectionsPerSource = min(limits.connectionsPerSource, max(1, limits.connections / 8))
    if limits.connections < Self.fewConnections {
      logger.warning("\(limits.connections) connections at most: the limit of open files is low")
    }
    return limits
  }
}
