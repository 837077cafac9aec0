import Testing

extension EndToEnd {
  /// A KDC that is killed, or whose disk fails, while many register.
  ///
  /// `TRENT_CRASH_ROUNDS` says how many times it is killed (200 if it says nothing), and
  /// `TRENT_CRASH_SEED` which series is run, as a failure has told.
  @Suite struct CrashTests {}
}

extension EndToEnd.CrashTests {
  @Test(
    "Whenever it is killed, no acknowledged user is lost",
    arguments: CrashPlan.all("TRENT_CRASH", usual: 200))
  func survives(plan: CrashPlan) async throws {
    guard try await Strace.isUsable() else { return }
    var series = try CrashSeries(seed: plan.seed)
    try await series.run(rounds: plan.rounds)
    print("crash test, \(plan.testDescription): \(series.figures)")
  }

  @Test(
    "Killed at any step of a start that writes the file anew, it loses nobody",
    arguments: KillPoint.allCases.filter { !$0.isInService })
  func compacts(point: KillPoint) async throws {
    guard try await Strace.isUsable() else { return }
    var scene = try CrashScene(seed: 0)
    do {
      let first = try TracedProgram.kdc(in: scene.folder)
      let service = try #require(try await scene.service(of: first))
      let result = await Load(prefix: "user", attemptsPerThread: 1).run(against: service)
      first.kill()
      _ = try await first.end()
      try await scene.restart(after: [result])
      for number in point.numbers {
        try UserFileText(in: scene.folder)?.repeatEverything()
        let victim = try TracedProgram.kdc(
          in: scene.folder, .kill(at: point, number: number, in: scene.folder))
        let hasStarted = try await scene.service(of: victim) != nil
        victim.kill()
        _ = try await victim.end()
        try scene.checkWhatItSaid(victim)
        try await scene.restart(after: [])
        if hasStarted { break }
      }
    } catch {
      throw CrashProblem(scene.report(error))
    }
    scene.folder.remove()
  }
}
