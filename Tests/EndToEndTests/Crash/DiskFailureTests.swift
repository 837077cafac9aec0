import Foundation
import Testing

extension EndToEnd.CrashTests {
  /// A KDC whose disk fails goes on serving those whom it knows.
  @Suite struct DiskFailureTests {}
}

extension EndToEnd.CrashTests.DiskFailureTests {
  /// The first three are those of new files: of the users, of the invitations, and of the deposits.
  @Test("After a failed fdatasync it says so and acknowledges nothing", arguments: [4, 6])
  func failedSync(number: Int) async throws {
    guard try await Strace.isUsable() else { return }
    try await with(.failing("fdatasync", with: "EIO", when: "\(number)")) { scene, kdc, service in
      let before = await Load(prefix: "before", attemptsPerThread: 2).run(against: service)
      #expect(!before.outcomes(.unavailable).isEmpty)
      try await expectLogins(before, service)
      // Nobody contends: a name that is being written is taken for a moment, even if that fails.
      let after = await Load(prefix: "after", attemptsPerThread: 1, contenders: 0)
        .run(against: service)
      #expect(after.registrations.count == after.outcomes(.unavailable).count)
      let path = scene.folder.path("pwd.txt")
      #expect(kdc.errors.text.contains("cannot save \(path): Input/output error"))
      return [before, after]
    }
  }

  @Test("An acknowledgement waits for the disk")
  func waitsForSync() async throws {
    guard try await Strace.isUsable() else { return }
    let delay = 400
    try await with(.delaying("fdatasync", byMilliseconds: delay)) { _, _, service in
      let start = ContinuousClock.now
      let result = await Load(prefix: "one", threads: 1, attemptsPerThread: 2, contenders: 0)
        .run(against: service)
      #expect(ContinuousClock.now - start >= .milliseconds(2 * delay))
      #expect(result.outcomes(.acknowledged).count == 2)
      return [result]
    }
  }

  @Test("A failed fdatasync of what it finds keeps it from starting")
  func failedFirstSync() async throws {
    guard try await Strace.isUsable() else { return }
    var scene = try CrashScene(seed: 0)
    let kdc = try TracedProgram.kdc(
      in: scene.folder, .failing("fdatasync", with: "EIO", when: "1"))
    #expect(try await kdc.end() == 1)
    #expect(kdc.errors.text.contains("pwd.txt: Input/output error"))
    try await scene.restart(after: [])
    scene.folder.remove()
  }

  @Test("A disk that is full for a while costs nobody but those who register meanwhile")
  func fullForAWhile() async throws {
    guard try await Strace.isUsable() else { return }
    guard geteuid() == 0 else {
      return print("left out: only root's strace can tell the user file from other files")
    }
    let scene = try CrashScene(seed: 0)
    let path = scene.folder.path("pwd.txt")
    try await with(
      .failing("write", with: "ENOSPC", when: "3..5", on: [path]), scene
    ) { _, kdc, service in
      let meanwhile = await Load(prefix: "meanwhile").run(against: service)
      #expect(!meanwhile.outcomes(.unavailable).isEmpty)
      try await expectLogins(meanwhile, service)
      let after = await Load(prefix: "after").run(against: service)
      #expect(!after.outcomes(.acknowledged).isEmpty)
      #expect(kdc.errors.text.contains("cannot write \(path): No space left on device"))
      return [meanwhile, after]
    }
  }

  @Test("What did not fit is taken away again", arguments: [3000, 3150, 3300])
  func fileTooLarge(limit: Int) async throws {
    try await with(.sizeLimit(limit)) { scene, kdc, service in
      let result = await Load(prefix: "many", attemptsPerThread: 2).run(against: service)
      #expect(!result.outcomes(.acknowledged).isEmpty)
      #expect(!result.outcomes(.unavailable).isEmpty)
      try await expectLogins(result, service)
      let path = scene.folder.path("pwd.txt")
      #expect(kdc.errors.text.contains("cannot write \(path): File too large"))
      let file = try #require(UserFileText(in: scene.folder))
      #expect(file.isWhole && file.records.count == result.outcomes(.acknowledged).count)
      return [result]
    }
  }

  /// Runs a KDC with a fault, kills it after `body`, and asks another one about everybody.
  private func with(
    _ fault: Fault, _ scene: CrashScene? = nil,
    _ body: (CrashScene, TracedProgram, Service) async throws -> [Load.Result]
  ) async throws {
    var scene = try scene ?? CrashScene(seed: 0)
    do {
      let kdc = try TracedProgram.kdc(in: scene.folder, fault)
      defer { kdc.kill() }
      let service = try #require(try await scene.service(of: kdc), "\(kdc.errors.text)")
      let results = try await body(scene, kdc, service)
      #expect(!results.contains { $0.isCutShort })
      kdc.kill()
      _ = try await kdc.end()
      try scene.checkWhatItSaid(kdc)
      try await scene.restart(after: results)
    } catch {
      throw CrashProblem(scene.report(error))
    }
    scene.folder.remove()
  }

  private func expectLogins(_ result: Load.Result, _ service: Service) async throws {
    let questions = result.outcomes(.acknowledged).map {
      Question(.logIn, $0.account, [.acknowledged], "a known user logs in meanwhile")
    }
    let answers = await Ledger.ask(questions, at: service)
    #expect(answers.count == questions.count)
    #expect(answers.compactMap(\.problem) == [])
  }
}
