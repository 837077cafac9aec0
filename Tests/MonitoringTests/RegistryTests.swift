import CoreMetrics
import Testing

@testable import Monitoring

@Suite("What is counted is told as Prometheus reads it")
struct RegistryTests {
  @Test("Counters, gauges and histograms, by name and labels")
  func text() {
    let registry = MetricsRegistry(help: ["requests_total": "Requests.", "b": "Two\nlines \\"])
    let counter = Counter(label: "requests_total", dimensions: [("kind", "a")], factory: registry)
    counter.increment()
    counter.increment(by: 2)
    Counter(label: "requests_total", dimensions: [("kind", "b")], factory: registry).increment()
    let gauge = Meter(label: "b", factory: registry)
    gauge.set(3)
    gauge.increment(by: 0.5)
    gauge.decrement(by: 1)
    #expect(
      registry.text == """
        # HELP b Two\\nlines \\\\
        # TYPE b gauge
        b 2.5
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{kind="a"} 3
        requests_total{kind="b"} 1

        """)
  }

  @Test("A histogram's buckets hold everything up to their bound")
  func histogram() {
    let registry = MetricsRegistry(help: [:])
    let timer = CoreMetrics.Timer(label: "seconds", factory: registry)
    timer.recordMilliseconds(1)
    timer.recordMilliseconds(30)
    timer.recordSeconds(20)
    let lines = registry.text.split(separator: "\n")
    #expect(lines.contains("# TYPE seconds histogram"))
    #expect(lines.contains("seconds_bucket{le=\"0.0005\"} 0"))
    #expect(lines.contains("seconds_bucket{le=\"0.001\"} 1"))
    #expect(lines.contains("seconds_bucket{le=\"0.05\"} 2"))
    #expect(lines.contains("seconds_bucket{le=\"10\"} 2"))
    #expect(lines.contains("seconds_bucket{le=\"+Inf\"} 3"))
    #expect(lines.contains("seconds_count 3"))
    #expect(lines.contains { $0.hasPrefix("seconds_sum 20.03") })
  }

  @Test("The same name and labels are the same counter; another kind is not told")
  func sameOnes() {
    let registry = MetricsRegistry(help: [:])
    let counter = Counter(label: "x", factory: registry)
    counter.increment()
    Counter(label: "x", factory: registry).increment()
    Meter(label: "x", factory: registry).set(7)
    #expect(registry.text == "# HELP x \n# TYPE x counter\nx 2\n")
    counter.destroy()
    #expect(registry.text == "")
  }

  @Test("Nothing in names and labels can end a line or a text")
  func escaping() {
    let family = MetricFamily(
      "1 a-b\n", .gauge, "h",
      [
        .init([(name: "l\"m", value: "a\\b\"c\nd")], .infinity), .init([], .nan),
        .init([], -.infinity), .init([], 1e300),
      ])
    #expect(
      family.text == """
        # HELP _1_a_b_ h
        # TYPE _1_a_b_ gauge
        _1_a_b_{l_m="a\\\\b\\"c\\nd"} +Inf
        _1_a_b_ NaN
        _1_a_b_ -Inf
        _1_a_b_ 1e+300

        """)
  }

  @Test("Many threads count at once, and nothing is lost")
  func threads() async {
    let registry = MetricsRegistry(help: [:])
    let counter = Counter(label: "x", factory: registry)
    let meter = Meter(label: "y", factory: registry)
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            counter.increment()
            meter.increment(by: 0.5)
          }
        }
      }
    }
    #expect(registry.text.contains("\nx 8000\n") && registry.text.contains("\ny 4000\n"))
  }
}
