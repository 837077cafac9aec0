internal import Glibc

/// A result as people and as programs read it.
struct LoadReport {
  let settings: LoadSettings
  let result: LoadResult

  private static let percentiles = [50, 90, 99, 100]

  var text: String {
    let latencies = zip(["p50", "p90", "p99", "max"], Self.percentiles).map {
      "\($0) \(Self.rounded(result.latency(percentile: $1) / 1000, places: 3)) ms"
    }
    var lines = [
      "\(settings.exchange) by \(settings.transport.rawValue), \(settings.concurrency) in flight",
      "completed    \(result.completed)",
      "failed       \(result.failed)",
      "requests/s   \(Int(result.requestsPerSecond))",
      "latency      " + latencies.joined(separator: ", "),
      "bytes        \(result.requestByteCount) asked, \(result.replyByteCount) answered",
    ]
    if result.lost > 0 { lines.append("lost         \(result.lost) datagrams, asked anew") }
    if let microseconds = result.serverMicroseconds {
      lines.append("server CPU   \(Self.rounded(microseconds, places: 2)) us a request")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One object. Every text in it is our own.
  var json: String {
    let latencies = zip(["p50", "p90", "p99", "max"], Self.percentiles).map {
      "\"\($0)\": \(Self.rounded(result.latency(percentile: $1), places: 1))"
    }
    var fields = [
      "\"exchange\": \"\(settings.exchange)\"",
      "\"transport\": \"\(settings.transport.rawValue)\"",
      "\"concurrency\": \(settings.concurrency)", "\"count\": \(settings.count)",
      "\"users\": \(settings.users)",
      "\"completed\": \(result.completed)", "\"failed\": \(result.failed)",
      "\"lost\": \(result.lost)", "\"seconds\": \(Self.rounded(result.seconds, places: 6))",
      "\"requests_per_second\": \(Self.rounded(result.requestsPerSecond, places: 1))",
      "\"latency_us\": {\(latencies.joined(separator: ", "))}",
      "\"request_bytes\": \(result.requestByteCount)",
      "\"reply_bytes\": \(result.replyByteCount)",
    ]
    if let microseconds = result.serverMicroseconds {
      fields.append("\"server_cpu_us\": \(Self.rounded(microseconds, places: 3))")
    }
    return "{" + fields.joined(separator: ", ") + "}\n"
  }

  /// So many places after the point, and no exponent.
  private static func rounded(_ number: Double, places: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = UInt64(max(0, min(number, 1e9)) * Double(scale) + 0.5)
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(scaled / scale).\(zeros)\(fraction)"
  }
}

/// Writes text to a descriptor; false when not all of it could be written.
func write(_ text: String, to descriptor: Int32) -> Bool {
  var rest = [UInt8](text.utf8)[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}
