import Foundation
import Testing

extension EndToEnd {
  /// The audit trail as an operator has it, and what an intruder does to it.
  @Suite struct AuditTests {}
}

extension EndToEnd.AuditTests {
  private func audited(
    _ stage: Stage, at name: String = "audit", _ extra: [String] = []
  ) async throws -> RunningKDC {
    try await stage.kdc(["--audit", stage.folder.path("kdc/\(name)")] + extra)
  }

  private func records(_ folder: Folder, _ name: String = "audit") throws -> [String] {
    try #require(folder.text(of: name)).split(separator: "\n").map(String.init)
  }

  private func names(_ records: [String]) -> [String] {
    records.compactMap { record in
      record.firstMatch(of: /"event":"([a-z-]+)"/).map { String($0.1) }
    }
  }

  private func write(_ lines: [String], to name: String, in folder: Folder) throws {
    try folder.put([UInt8]((lines.joined(separator: "\n") + "\n").utf8), at: name)
  }

  /// - Returns: what is said about it.
  @discardableResult
  private func verify(
    _ stage: Stage, _ names: [String] = ["audit"], in folder: Folder, _ options: [String],
    exit code: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let program = try stage.start(
      .kdc, ["audit", "verify"] + names.map(folder.path) + options)
    try await program.expectExit(code, sourceLocation: sourceLocation)
    return program.output.text + program.errors.text
  }

  @Test("HOSTILE: an edit, a removed line, exchanged lines and a cut tail are found and told")
  func bent() async throws {
    try await Stage.with { stage in
      let kdc = try await audited(stage)
      let folder = kdc.folder
      try await stage.expectTransfer(
        from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
      // While it serves, too.
      let key = ["--key", folder.path("audit.initial"), "--word", kdc.word]
      try await verify(stage, in: folder, key, exit: 0)
      try await kdc.stop()
      let lines = try records(folder)
      let happened = names(lines)
      for event in ["started", "registered", "logged-in", "announced", "key-issued", "checkpoint"] {
        #expect(happened.contains(event), "\(event)")
      }
      #expect(happened.last == "checkpoint" && happened.dropLast().last == "stopped")
      let good = try await verify(stage, in: folder, key, exit: 0)
      #expect(good.contains("\(lines.count) records, \(lines.count) MACs and"))

      let place = try #require(happened.firstIndex(of: "key-issued"))
      let edited = lines[place].replacing("\"for\":\"bob\"", with: "\"for\":\"eve\"")
      #expect(edited != lines[place])
      let checkpoint = try #require(happened.firstIndex(of: "checkpoint"))
      let deeds: [(lines: [String], told: String)] = [
        (
          lines.enumerated().map { $0.offset == place ? edited : $0.element },
          "line \(place + 1): record \(place) was changed: its MAC is wrong"
        ),
        (
          lines.enumerated().filter { $0.offset != place }.map(\.element),
          "line \(place + 1): before it record \(place) is missing"
        ),
        (
          lines.prefix(place - 1) + [lines[place], lines[place - 1]] + lines[(place + 1)...],
          "line \(place): before it record \(place - 1) is missing"
        ),
        (
          Array(lines.dropLast(2)),
          "records \(lines.count - 2) to \(lines.count - 1) are cut off"
        ),
        (
          Array(lines.prefix(checkpoint + 1)),
          "records \(checkpoint + 1) to \(lines.count - 1) are cut off"
        ),
      ]
      for deed in deeds {
        try write(deed.lines, to: "audit", in: folder)
        #expect(try await verify(stage, in: folder, key, exit: 1).contains(deed.told))
        // By the checkpoints and the state alone, too.
        try await verify(stage, in: folder, ["--word", kdc.word], exit: 1)
      }
      // The KDC does not go on after a cut.
      let refused = try stage.start(
        .kdc, ["-p", "0", "-f", folder.path("pwd.txt"), "--audit", folder.path("audit")])
      try await refused.expectExit(1)
      #expect(refused.errors.text.contains("is not as this KDC left it"))
      // Nor is a removed state passed over.
      try write(Array(lines.dropLast(2)), to: "audit", in: folder)
      try FileManager.default.removeItem(atPath: folder.path("audit.key"))
      #expect(try await verify(stage, in: folder, key, exit: 1).contains("there is no"))
      #expect(
        try await verify(stage, in: folder, key + ["--without-state"], exit: 0)
          .contains("would not be found"))
    }
  }

  @Test("HOSTILE: with the present key nobody writes the past anew, a state of his own put there")
  func forgedState() async throws {
    try await Stage.with { stage in
      var kdc = try await audited(stage)
      let folder = kdc.folder
      let key = ["--key", folder.path("audit.initial"), "--word", kdc.word]
      try await kdc.stop()
      let former = try #require(folder.bytes(of: "audit.key"))
      let lines = try records(folder)
      kdc = try await audited(stage)
      try await kdc.stop()
      // What is left of an old state is no use for what was before it: a cut back to there.
      try write(Array(lines.dropLast()), to: "audit", in: folder)
      try folder.put(former, at: "audit.key", mode: 0o600)
      #expect(
        try await verify(stage, in: folder, key, exit: 1)
          .contains("record \(lines.count - 1) is cut off"))
    }
  }

  @Test("Killed at any moment, it goes on where it was, and nothing looks cut or changed")
  func killed() async throws {
    try await Stage.with { stage in
      var key: [String] = []
      var count = 0
      let alice = try stage.user("alice")
      for round in 0..<4 {
        let kdc = try await audited(stage)
        key = ["--key", kdc.folder.path("audit.initial"), "--word", kdc.word]
        let login = try stage.start(
          .client, ["login", "-n", "alice"] + Stage.Access(alice, at: kdc).arguments,
          home: alice.home)
        if round % 2 == 0 {
          try await login.expectExit(0)
        } else {
          try await eventually("the login's record") {
            let text = kdc.folder.text(of: "audit") ?? ""
            return text.components(separatedBy: "logged-in").count > count + 1 ? () : nil
          }
        }
        kdc.program.signal(SIGKILL)
        _ = try await kdc.program.exit()
        _ = try await login.exit()
        try await verify(stage, in: kdc.folder, key, exit: 0)
        let happened = names(try records(kdc.folder))
        count = happened.filter { $0 == "logged-in" }.count
        let starts = happened.filter { $0 == "started" }
        #expect(starts.count == round + 1, "\(happened)")
      }
      // A line that a crash has torn is taken away by the next start.
      let folder = try stage.folder.folder("kdc")
      let text = try #require(folder.text(of: "audit"))
      try folder.put([UInt8]((text + #"{"n":"#).utf8), at: "audit", mode: 0o600)
      #expect(try await verify(stage, in: folder, key, exit: 0).contains("is not complete"))
      try await audited(stage).stop()
      try await verify(stage, in: folder, key, exit: 0)
      #expect(try #require(folder.text(of: "audit")).hasPrefix(text))
    }
  }

  @Test("A file that is moved away goes on in another: together, and the later one alone, are good")
  func rotated() async throws {
    try await Stage.with { stage in
      var kdc = try await audited(stage)
      let folder = kdc.folder
      let key = ["--key", folder.path("audit.initial"), "--word", kdc.word]
      try FileManager.default.moveItem(
        atPath: folder.path("audit"), toPath: folder.path("audit.1"))
      kdc.program.signal(SIGHUP)
      try await eventually("another file") {
        folder.text(of: "audit")?.contains("continued") == true ? () : nil
      }
      // Killed at once after that, and moved once more while it does not serve.
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      kdc = try await audited(stage)
      try await kdc.stop()
      try FileManager.default.moveItem(
        atPath: folder.path("audit"), toPath: folder.path("audit.2"))
      kdc = try await audited(stage)
      try await kdc.stop()
      let all = ["audit.1", "audit.2", "audit"]
      try await verify(stage, all, in: folder, key, exit: 0)
      try await verify(stage, ["audit.2", "audit"], in: folder, key, exit: 1)
      try await verify(stage, ["audit.2", "audit"], in: folder, key + ["--later"], exit: 0)
      #expect(
        try await verify(stage, ["audit.1", "audit"], in: folder, key, exit: 1)
          .contains("are missing"))
      // The tail of a file in the middle.
      let middle = try records(folder, "audit.2")
      try write(middle.dropLast(), to: "audit.2", in: folder)
      #expect(
        try await verify(stage, all, in: folder, key, exit: 1).contains("is missing"))
      // Moved away after a kill, nobody knows what else is in it.
      kdc = try await audited(stage)
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      try FileManager.default.moveItem(
        atPath: folder.path("audit"), toPath: folder.path("audit.3"))
      let refused = try stage.start(
        .kdc, ["-p", "0", "-f", folder.path("pwd.txt"), "--audit", folder.path("audit")])
      try await refused.expectExit(1)
      #expect(refused.errors.text.contains("put it back for one start"))
    }
  }

  @Test("A trail goes on when the identity is replaced, and is verified by both words")
  func replacedIdentity() async throws {
    try await Stage.with { stage in
      var kdc = try await audited(stage)
      let folder = kdc.folder
      var words = [kdc.word]
      func rotate() async throws {
        let program = try stage.start(
          .kdc,
          ["rotate-identity", "-f", folder.path("pwd.txt"), "--audit", folder.path("audit")])
        try await program.expectExit(0)
        words.append(try #require(program.output.lines.first { $0.hasPrefix("trent1") }))
      }
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      try await rotate()
      try FileManager.default.moveItem(
        atPath: folder.path("audit"), toPath: folder.path("audit.1"))
      kdc.program.signal(SIGHUP)
      try await eventually("another file") {
        folder.text(of: "audit")?.contains("continued") == true ? () : nil
      }
      try await kdc.stop()
      // At rest, too.
      try await rotate()
      kdc = try await audited(stage)
      #expect(kdc.word == words[2])
      try await kdc.stop()
      let happened = try names(records(folder, "audit.1") + records(folder))
      #expect(happened.count { $0 == "operator-identity-replaced" } == 2)
      #expect(happened.count { $0 == "identity" } == 2)

      let files = ["audit.1", "audit"]
      let key = ["--key", folder.path("audit.initial")]
      let told = words.flatMap { ["--word", $0] }
      for options in [key + told, told, key, []] {
        try await verify(stage, files, in: folder, options, exit: 0)
      }
      // Somebody else's word, one that is left out, and another order.
      for some in [[words[0], words[2]], [words[1]], words.reversed()] {
        let text = try await verify(
          stage, files, in: folder, key + some.flatMap { ["--word", $0] }, exit: 1)
        #expect(text.contains("is not signed by this KDC"))
      }
      // An edit on either side.
      for name in files {
        let lines = try records(folder, name)
        try write(lines.dropFirst().dropLast(2) + lines.suffix(1), to: name, in: folder)
        try await verify(stage, files, in: folder, key + told, exit: 1)
        try write(lines, to: name, in: folder)
      }
      try await verify(stage, files, in: folder, key + told, exit: 0)
    }
  }

  @Test("A disk that is full is told, the KDC serves on, and the gap has a record", .needs(.disks))
  func full() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(in: stage, size: "1m")
      let kdc = try await stage.kdc(["--audit", disk.folder.path("audit")])
      try disk.fill()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      // What is left of a block of the file may take a few records.
      for _ in 0..<8 { try await stage.expectTransfer(from: alice, to: bob, at: kdc) }
      try await kdc.program.said("the audit cannot be written, the KDC serves on")
      let text = try #require(disk.folder.text(of: "audit"))
      #expect(text.hasSuffix("\n"))
      try FileManager.default.removeItem(atPath: disk.folder.path("filler"))
      try await eventually("a record of the gap") {
        disk.folder.text(of: "audit")?.contains(#""event":"gap""#) == true ? () : nil
      }
      try await kdc.stop()
      let key = ["--key", disk.folder.path("audit.initial"), "--word", kdc.word]
      try await verify(stage, in: disk.folder, key, exit: 0)
      // Those that waited in memory are all there.
      #expect(names(try records(disk.folder)).count { $0 == "key-issued" } == 8)
    }
  }

  @Test("The report of a real trail has its figures, and says when something was changed")
  func reported() async throws {
    try await Stage.with { stage in
      let kdc = try await audited(stage)
      let folder = kdc.folder
      try await stage.expectTransfer(
        from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
      try await kdc.stop()
      func report(exit code: Int32) async throws -> String {
        let program = try stage.start(
          .kdc,
          [
            "audit", "report", "--html", folder.path("page.html"), folder.path("audit"), "--key",
            folder.path("audit.initial"), "--word", kdc.word,
          ])
        try await program.expectExit(code)
        return try #require(folder.text(of: "page.html"))
      }
      let good = try await report(exit: 0)
      let lines = try records(folder)
      let counts = Dictionary(names(lines).map { ($0, 1) }, uniquingKeysWith: +)
      for (event, label) in [
        ("logged-in", "logins"), ("key-issued", "keys issued"), ("refused", "refusals"),
        ("registered", "registrations"), ("announced", "receivers announced"),
      ] {
        let count = try #require(counts[event])
        #expect(good.contains("<b>\(count)</b><span>\(label)</span>"), "\(event)")
      }
      #expect(good.contains("<title>alice \u{2192} bob: 1</title>"))
      #expect(good.contains("<strong>Nothing was changed.</strong>") && good.contains(kdc.word))
      #expect(try permissions(folder.path("page.html"), kind: S_IFREG) == 0o600)
      try write(Array(lines.dropLast()), to: "audit", in: folder)
      let bad = try await report(exit: 1)
      #expect(bad.contains("1 problem: this trail was changed.") && bad.contains("cut off"))
    }
  }

  @Test("What an operator does is recorded, while the KDC serves and while it does not")
  func operated() async throws {
    try await Stage.with { stage in
      var kdc = try await audited(stage)
      let folder = kdc.folder
      let alice = try stage.user("alice")
      try await stage.start(
        .client, ["login", "-n", "alice"] + Stage.Access(alice, at: kdc).arguments, home: alice.home
      ).expectExit(0)
      func change(_ deed: String) async throws {
        try await stage.start(
          .kdc,
          [
            "users", deed, "alice", "-f", folder.path("pwd.txt"), "--audit", folder.path("audit"),
          ]
        ).expectExit(0)
      }
      try await change("disable")
      try await kdc.stop()
      try await change("enable")
      kdc = try await audited(stage)
      try await kdc.stop()
      let happened = names(try records(folder))
      let deeds = happened.filter { $0.hasPrefix("operator-") }
      #expect(deeds == ["operator-disabled", "operator-enabled"])
      let key = ["--key", folder.path("audit.initial"), "--word", kdc.word]
      try await verify(stage, in: folder, key, exit: 0)
    }
  }
}
