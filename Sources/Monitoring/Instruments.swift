internal import CoreMetrics
internal import Synchronization

/// What counts, behind the types of swift-metrics: atomics, so that counting never waits.
protocol Instrument: AnyObject, Sendable {
  var kind: MetricFamily.Kind { get }
  /// The values now, with these labels and any of its own.
  func samples(_ labels: [(name: String, value: String)]) -> [MetricFamily.Sample]
}

/// A number that only grows.
final class AtomicCounter: CounterHandler, Instrument {
  private let value = Atomic<Int64>(0)

  var kind: MetricFamily.Kind { .counter }

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }

  func reset() { value.store(0, ordering: .relaxed) }

  func samples(_ labels: [(name: String, value: String)]) -> [MetricFamily.Sample] {
    [.init(labels, Double(value.load(ordering: .relaxed)))]
  }
}

/// A number that comes and goes.
final class AtomicGauge: MeterHandler, RecorderHandler, Instrument {
  private let value = AtomicSum()

  var kind: MetricFamily.Kind { .gauge }

  func set(_ value: Int64) { set(Double(value)) }

  func set(_ value: Double) { self.value.store(value) }

  func increment(by amount: Double) { value.add(amount) }

  func decrement(by amount: Double) { value.add(-amount) }

  func record(_ value: Int64) { set(value) }

  func record(_ value: Double) { set(value) }

  func samples(_ labels: [(name: String, value: String)]) -> [MetricFamily.Sample] {
    [.init(labels, value.load())]
  }
}

/// How often values were how large. Of durations, in seconds.
final class AtomicHistogram: RecorderHandler, TimerHandler, Instrument {
  /// From half a millisecond to ten seconds.
  static let seconds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
  ]
  static let decades = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000.0]

  /// Ascending; a value belongs to the first bound that is not below it, or to none.
  private let bounds: [Double]
  private let counts: [AtomicCounter]
  private let sum = AtomicSum()

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = (0...bounds.count).map { _ in AtomicCounter() }
  }

  var kind: MetricFamily.Kind { .histogram }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    guard !value.isNaN else { return }
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count].increment(by: 1)
    sum.add(value)
  }

  func samples(_ labels: [(name: String, value: String)]) -> [MetricFamily.Sample] {
    var samples: [MetricFamily.Sample] = []
    var count = 0.0
    for (bound, counter) in zip(bounds + [.infinity], counts) {
      count += counter.samples([]).first?.value ?? 0
      let labels = labels + [(name: "le", value: MetricFamily.text(of: bound))]
      samples.append(.init(suffix: "_bucket", labels, count))
    }
    samples.append(.init(suffix: "_sum", labels, sum.load()))
    samples.append(.init(suffix: "_count", labels, count))
    return samples
  }
}

/// A sum of fractions that threads add to.
private final class AtomicSum: Sendable {
  private let bits = Atomic<UInt64>(0)

  func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var present = bits.load(ordering: .relaxed)
    while true {
      let sum = Double(bitPattern: present) + amount
      let result = bits.weakCompareExchange(
        expected: present, desired: sum.bitPattern, ordering: .relaxed)
      guard !result.exchanged else { return }
      present = result.original
    }
  }
}
