import Cryptography
import Directory
import Glibc
import KeyDistribution
import Logging
import SecretMemory
import ServerTransport
import ServiceLifecycle
import SystemClock
import Wire

/// A KDC from its files to its sockets: opens, serves, keeps its keys fresh, closes.
struct KDCService: Service {
  private let settings: KDCSettings
  private let logger: Logger
  private let keys: KeyStore
  private let center: KeyDistributionCenter
  private let directory: FileDirectory
  private let log: EventLog

  /// How often keys are looked after.
  private static let maintenanceInterval = Duration.seconds(5)
  /// Descriptors for everything but connections.
  private static let ownDescriptors = 128
  private static let fewestConnections = 64
  private static let fewConnections = 1000

  /// Opens the files, or makes them. Throws what hinders it, as a sentence.
  init(settings: KDCSettings, logger: Logger) throws {
    self.settings = settings
    self.logger = logger
    let now = SystemClock.now
    keys = try KeyStore(besideUserFile: settings.userFile, now: now)
    let center = KeyDistributionCenter(keys.material, policy: settings.policy, now: now)
    self.center = center
    let isNewUserFile = unsafe access(settings.userFile, F_OK) != 0
    do throws(DirectoryFailure) {
      directory = try FileDirectory(
        path: settings.userFile, realm: center.keys.realm.id, at: now,
        sealingWith: { name, keyVersion, digest in
          var random = SystemRandom()
          return center.keys.sealDigest(
            digest, name: name, keyVersion: keyVersion, random: &random)
        },
        report: { logger.warning("\($0)") })
    } catch {
      // Users of a lost key file: a new one beside them would only stand in its way.
      if case .otherRealm = error { keys.discard() }
      throw error
    }
    log = try EventLog(path: settings.eventLog) { logger.error("\($0)") }
    if keys.isNew { logger.notice("made \(keys.path): keep it secret, and keep a copy") }
    if isNewUserFile { logger.notice("made \(settings.userFile)") }
    let sealed = directory.users.sealedCount
    if sealed > 0 { logger.notice("sealed \(sealed) plain digests in \(settings.userFile)") }
  }

  func run() async throws {
    let limits = limits()
    refreshKeys()
    let prober = ConnectionProber()
    let router = RequestRouter(
      center: center, directory: directory, prober: prober, log: log)
    let admission: Admission = { [center] source in
      center.brakes.admitConnection(from: source, at: SystemClock.now)
    }
    let server = try await RequestServer.start(
      bind: settings.bindAddress, port: settings.port, limits: limits,
      threads: nil,
      admission: admission
    ) { message, source, transport, respond in
      router.handle(message, from: source, by: transport, respond: respond)
    }
    say("listening on port \(server.port)")
    say(center.keys.realm.word)
    await cancelWhenGracefulShutdown { await keepKeysFresh() }
    try await server.shutdown()
    try await prober.shutdown()
    directory.close()
    log.flush()
  }

  private func keepKeysFresh() async {
    while (try? await Task.sleep(for: Self.maintenanceInterval)) != nil { refreshKeys() }
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

  /// A line on standard output, at once, whatever it is connected to.
  private func say(_ line: String) {
    let bytes = [UInt8]((line + "\n").utf8)
    let written = unsafe bytes.withUnsafeBytes { bytes in
      unsafe write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
    }
    if written != bytes.count { logger.warning("standard output cannot be written") }
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
