internal import Foundation

/// Whether two kinds of work take the same time: Welch's t (B. L. Welch, 1947), over samples that
/// were taken in turns, so that whatever else the machine does falls on both alike.
public struct WelchTest: Sendable {
  /// Differences up to here are of no use to anybody behind a network, and nothing keeps a compiler
  /// from making them.
  public static let tolerance = 2000.0
  /// How many standard errors beyond the tolerance count as a difference. Of normal means, one in
  /// three million is so far out.
  public static let threshold = 5.0

  /// Nanoseconds; positive when the second takes longer.
  public let difference: Double
  public let standardError: Double
  private let tolerance: Double

  /// - Parameters:
  ///   - first: nanoseconds each.
  ///   - tolerance: up to which difference they count as the same, in nanoseconds.
  public init(_ first: [Double], _ second: [Double], tolerance: Double = Self.tolerance) {
    self.tolerance = tolerance
    let (a, b) = (Moments(first), Moments(second))
    difference = b.mean - a.mean
    standardError = (a.varianceOfMean + b.varianceOfMean).squareRoot()
  }

  public var t: Double { max(0, abs(difference) - tolerance) / standardError }
  public var differs: Bool { t > Self.threshold }
  /// The least difference that this would have found all but certainly, in nanoseconds.
  public var power: Double { tolerance + 2 * Self.threshold * standardError }

  private struct Moments {
    let mean: Double
    let varianceOfMean: Double

    /// Of what is left without the longest third: interruptions only ever add time.
    init(_ samples: [Double]) {
      let kept = samples.sorted().dropLast(samples.count / 3)
      let count = Double(kept.count)
      let mean = kept.reduce(0, +) / count
      self.mean = mean
      varianceOfMean = kept.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count
    }
  }
}

/// Processor time of this thread, in nanoseconds: what other threads do does not count.
public func threadTime() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
