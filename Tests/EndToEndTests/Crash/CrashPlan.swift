import Foundation
import Testing

/// A series of crashes with its seed and its rounds.
struct CrashPlan: Sendable, CustomTestStringConvertible {
  let seed: UInt64
  let rounds: Int

  var testDescription: String { "seed \(seed), \(rounds) rounds" }

  /// Series of at most 20 rounds, each within the time that a test may take.
  ///
  /// - Parameters:
  ///   - prefix: of the variables of the environment: `PREFIX_ROUNDS` says how many rounds there
  ///     are in all, `PREFIX_SEED` which series is the first, as a failure has told.
  ///   - usual: how many rounds if nothing is said.
  static func all(_ prefix: String, usual: Int) -> [CrashPlan] {
    let longest = 20
    let environment = ProcessInfo.processInfo.environment
    let rounds = environment["\(prefix)_ROUNDS"].flatMap { Int($0) } ?? usual
    let seed = environment["\(prefix)_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
    return stride(from: 0, to: rounds, by: longest).enumerated().map { number, done in
      CrashPlan(seed: seed + UInt64(number), rounds: min(longest, rounds - done))
    }
  }
}
