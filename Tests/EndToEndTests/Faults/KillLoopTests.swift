import Testing

extension EndToEnd {
  /// `kill -9` of every program, again and again, while files are on their way.
  ///
  /// `TRENT_KILL_ROUNDS` says how many times (8 if it says nothing), `TRENT_KILL_SEED` which series
  /// is run, as a failure has told.
  @Suite struct KillLoopTests {}
}

extension EndToEnd.KillLoopTests {
  @Test(
    "HOSTILE D 18, H 27: whoever is killed, what a sender was told is true, and all of it arrives",
    arguments: CrashPlan.all("TRENT_KILL", usual: 8))
  func everyProgram(plan: CrashPlan) async throws {
    try await Stage.with { stage in
      do {
        let loop = try await KillLoop(stage, seed: plan.seed)
        for _ in 0..<plan.rounds { try await loop.round() }
        try await loop.end()
        let kills = loop.kills.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print(
          "kill loop, \(plan.testDescription): \(loop.acknowledged) files arrived; killed: "
            + kills.joined(separator: ", "))
      } catch {
        throw CrashProblem("\(plan.testDescription): \(error)")
      }
    }
  }
}
