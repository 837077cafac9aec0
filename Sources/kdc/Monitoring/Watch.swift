import CoreMetrics
import Monitoring
import Synchronization

/// How a KDC is watched by other programs, if it is.
final class Watch: Sendable {
  /// However many ask: the figures are gathered once in this time.
  private static let freshness = Duration.seconds(1)

  private struct Page {
    let text: String
    let made: ContinuousClock.Instant
  }

  let requests: RequestMetrics
  private let address: MonitoringAddress?
  private let registry: MetricsRegistry?
  private let readiness = Readiness()
  private let status = Mutex<ServingStatus?>(nil)
  private let page = Mutex<Page?>(nil)

  /// - Parameter address: nil: nothing is counted for anybody.
  init(at address: MonitoringAddress?) {
    self.address = address
    registry = address == nil ? nil : MetricsRegistry(help: RequestMetrics.help)
    requests = RequestMetrics(registry ?? NOOPMetricsHandler.instance as any MetricsFactory)
  }

  /// Nil when nobody wants to watch.
  func start() async throws(MonitoringFailure) -> MonitoringServer? {
    guard let address else { return nil }
    return try await MonitoringServer.start(
      at: address,
      showing: MonitoringPages(
        metrics: { [self] in text }, isReady: { [readiness] in readiness.isReady },
        warning: { [self] in status.withLock { $0 }?.warning }))
  }

  /// From now on the KDC serves.
  func serve(_ status: ServingStatus) {
    self.status.withLock { $0 = status }
    readiness.serve()
  }

  /// From now on it does not.
  func end() { readiness.end() }

  private var text: String {
    let now = ContinuousClock.now
    if let page = page.withLock({ $0 }), now - page.made < Self.freshness { return page.text }
    let families = (status.withLock { $0 }?.families ?? []) + ProcessFigures.families
    let ready = MetricFamily(
      "trent_kdc_ready", .gauge, "1 while requests are served.", readiness.isReady ? 1 : 0)
    let text = (registry?.text ?? "") + (families + [ready]).map(\.text).joined()
    page.withLock { $0 = Page(text: text, made: now) }
    return text
  }
}
