import Foundation
import Testing

extension EndToEnd.CrashTests {
  /// Keys that are replaced while changes are on their way to the disk.
  @Suite struct KeyReplacementTests {}
}

extension EndToEnd.CrashTests.KeyReplacementTests {
  @Test(
    "A registration that is on its way to the disk while a key is replaced has the new one's seal",
    arguments: ["rotate-identity", "rotate-storage-key"])
  func registering(command: String) async throws {
    guard try await Strace.isUsable() else { return }
    let scene = try CrashScene(seed: 0)
    let path = scene.folder.path("pwd.txt")
    let kdc = try TracedProgram.kdc(in: scene.folder, .delaying("fdatasync", byMilliseconds: 1000))
    let service = try #require(try await kdc.service())
    async let registered = Load(
      prefix: "meanwhile", threads: 1, attemptsPerThread: 1, contenders: 0
    ).run(against: service)
    try await eventually("a line that is not on the disk yet") {
      scene.folder.text(of: "pwd.txt")?.contains("name=meanwhile") == true ? () : nil
    }
    let replacing = try TracedProgram([ProgramFile.kdc.path, command, "-f", path])
    #expect(try await replacing.end() == 0, "\(replacing.errors.text)")
    #expect(await registered.outcomes(.acknowledged).count == 1)
    kdc.kill()
    _ = try await kdc.end()
    let check = try TracedProgram([ProgramFile.kdc.path, "check", path])
    #expect(try await check.end() == 0)
    #expect(check.output.text.contains("1 users") && check.output.text.contains(" 0 problems"))
    scene.folder.remove()
  }
}
