/// What became of the requests of a load.
struct LoadResult {
  var completed = 0
  var failed = 0
  /// Datagrams that were lost. Their requests were made anew.
  var lost = 0
  /// While requests were under way.
  var seconds = 0.0
  /// What the server's process used of the processor meanwhile, if that was to be measured.
  var serverSeconds: Double?
  var requestByteCount = 0
  var replyByteCount = 0
  /// One for each request that was completed.
  var nanoseconds: [UInt64] = []
  var firstFailure: String?

  var requestsPerSecond: Double { seconds > 0 ? Double(completed) / seconds : 0 }

  /// Microseconds of processor time of the server for each request.
  var serverMicroseconds: Double? {
    guard let serverSeconds, completed > 0 else { return nil }
    return serverSeconds / Double(completed) * 1e6
  }

  /// Microseconds that so many of a hundred requests took at the most.
  func latency(percentile: Int) -> Double {
    let sorted = nanoseconds.sorted()
    guard !sorted.isEmpty else { return 0 }
    let rank = (sorted.count * percentile + 99) / 100
    return Double(sorted[max(0, rank - 1)]) / 1000
  }
}
