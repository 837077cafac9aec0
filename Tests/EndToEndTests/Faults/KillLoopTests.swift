import Foundation
import Testing

extension EndToEnd {
  /// `kill -9` of every program, again and again, while files are on their way.
  ///
  /// `TRENT_KILL_ROUNDS` says how many times (8 if it says nothing), `TRENT_KILL_SEED` which series
  /// is run, as a failure has told.
  @Suite struct KillLoopTests {}
}

extension EndToEnd.KillLoopTests {
  private static func number(_ variable: String) -> Int? {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
  }

  @Test(
    "HOSTILE D 18, H 27: whoever is killed, what a sender was told is true, and all of it arrives",
    .timeLimit(.minutes(60)))
  func everyProgram() async throws {
    let rounds = Self.number("TRENT_KILL_ROUNDS") ?? 8
    let seed = Self.number("TRENT_KILL_SEED") ?? .random(in: 0...999_999)
    try await Stage.with { stage in
      do {
        let loop = try await KillLoop(stage, seed: UInt64(clamping: seed))
        for _ in 0..<rounds { try await loop.round() }
        try await loop.end()
        let kills = loop.kills.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print(
          "kill loop, seed \(seed): \(loop.acknowledged) files arrived; killed: "
            + kills.joined(separator: ", "))
      } catch {
        throw CrashProblem("seed \(seed): \(error)")
      }
    }
  }
}
