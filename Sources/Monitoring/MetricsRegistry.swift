public import CoreMetrics
internal import Synchronization

/// A backend of swift-metrics that keeps everything in memory, for whoever asks for it.
///
/// A metric's label is its name in Prometheus, dimensions are its labels. Nothing limits how many
/// there are: make them once, with labels out of a fixed set.
public final class MetricsRegistry: MetricsFactory {
  private struct Family {
    let kind: MetricFamily.Kind
    var members: [[String]: (labels: [(name: String, value: String)], instrument: any Instrument)]
  }

  private let help: [String: String]
  private let families = Mutex<[String: Family]>([:])

  /// - Parameter help: what metrics are about, by name.
  public init(help: [String: String]) { self.help = help }

  /// What has been counted up to now, by name.
  public var text: String {
    let families = families.withLock { $0 }
    return families.sorted { $0.key < $1.key }.map { name, family in
      let members = family.members.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
      return MetricFamily(
        name, family.kind, help[name] ?? "",
        members.flatMap { $0.instrument.samples($0.labels) }
      ).text
    }.joined()
  }

  /// The one of this name and these labels, made now if there is none. A name has one kind: one of
  /// another kind counts, but is not told.
  private func instrument<Made: Instrument>(
    _ name: String, _ dimensions: [(String, String)], _ make: () -> Made
  ) -> Made {
    let labels = dimensions.map { (name: $0.0, value: $0.1) }
    let key = labels.flatMap { [$0.name, $0.value] }
    let fresh = make()
    return families.withLock { families in
      var family = families[name] ?? Family(kind: fresh.kind, members: [:])
      if let present = family.members[key]?.instrument as? Made { return present }
      guard family.kind == fresh.kind, family.members[key] == nil else { return fresh }
      family.members[key] = (labels, fresh)
      families[name] = family
      return fresh
    }
  }

  private func remove(_ handler: AnyObject) {
    families.withLock { families in
      for (name, var family) in families {
        family.members = family.members.filter { $0.value.instrument !== handler }
        families[name] = family.members.isEmpty ? nil : family
      }
    }
  }

  // MARK: MetricsFactory

  public func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler {
    instrument(label, dimensions) { AtomicCounter() }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    instrument(label, dimensions) { AtomicGauge() }
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    guard aggregate else { return instrument(label, dimensions) { AtomicGauge() } }
    return instrument(label, dimensions) { AtomicHistogram(bounds: AtomicHistogram.decades) }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    instrument(label, dimensions) { AtomicHistogram(bounds: AtomicHistogram.seconds) }
  }

  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }

  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }

  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }

  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
