import Foundation
import Testing

extension EndToEnd {
  /// Settings, levels and log files that change while the KDC serves.
  @Suite struct ReloadTests {}
}

extension EndToEnd.ReloadTests {
  private func write(_ text: String, to stage: Stage) throws -> String {
    let path = stage.folder.path("settings.json")
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func logIn(
    _ stage: Stage, _ user: User, at kdc: RunningKDC, exit code: Int32
  ) async throws {
    let program = try stage.start(
      .client, ["login", "-n", user.name] + Stage.Access(user, at: kdc).arguments, home: user.home)
    try await program.expectExit(code)
  }

  @Test("SIGHUP takes over other settings, flags still win, and bad ones change nothing")
  func reload() async throws {
    try await Stage.with { stage in
      let path = try write(#"{"registration": "closed"}"#, to: stage)
      let kdc = try await stage.kdc(["--settings", path])
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, alice, at: kdc, exit: 5)
      _ = try write(#"{"registration": "open", "port": 1}"#, to: stage)
      kdc.program.signal(SIGHUP)
      try await kdc.program.said("settings and log file are those of now")
      try await logIn(stage, alice, at: kdc, exit: 0)
      _ = try write(#"{"registration": "shut"}"#, to: stage)
      kdc.program.signal(SIGHUP)
      try await kdc.program.said("nothing was changed")
      try await logIn(stage, bob, at: kdc, exit: 0)
      try await kdc.stop()
    }
  }

  @Test("A log that was moved away goes on in a new file, and no line is lost")
  func rotatedLog() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, alice, at: kdc, exit: 0)
      try await kdc.logged("logged-in", "name=alice")
      try FileManager.default.moveItem(
        atPath: kdc.folder.path("out.txt"), toPath: kdc.folder.path("out.txt.1"))
      kdc.program.signal(SIGHUP)
      try await kdc.program.said("settings and log file are those of now")
      try await logIn(stage, bob, at: kdc, exit: 0)
      try await kdc.logged("logged-in", "name=bob")
      let former = try #require(kdc.folder.text(of: "out.txt.1"))
      #expect(former.contains("name=alice") && !former.contains("name=bob"))
    }
  }

  @Test("kdc status counts what happens, and fails where no KDC serves")
  func status() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--log-level", "error"])
      try await logIn(stage, try stage.user("alice"), at: kdc, exit: 0)
      let words = ["status", "-f", kdc.folder.path("pwd.txt")]
      let shown = try stage.start(.kdc, words)
      try await shown.expectExit(0)
      for line in [
        "events registered: 1", "events logged-in: 1", "events refused: 1", "names: 1",
        "receivers: 0", "port: \(kdc.port)", "brakes names-waiting: 0",
      ] { #expect(shown.output.lines.contains(line), "\(line)") }
      let watching = try stage.start(.kdc, words + ["--watch", "--interval", "1"])
      try await eventually("rates") { watching.output.text.contains(" a second)") ? () : nil }
      watching.signal(SIGINT)
      _ = try await watching.exit()
      try await kdc.stop()
      try await stage.start(.kdc, words).expectExit(1)
    }
  }

  @Test("A level leaves out what is below it")
  func levels() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--log-level", "warning"])
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, exit: 0)
      try await kdc.logged("refused", "name=alice", "unknown name")
      try await kdc.stop()
      #expect(!kdc.log.contains("logged-in") && !kdc.log.contains("registered"))
      #expect(!kdc.program.errors.text.contains("notice"))
      let wrong = try stage.start(
        .kdc, ["-p", "0", "-f", stage.folder.path("x"), "--log-level", "loud"])
      try await wrong.expectExit(64)
    }
  }
}
