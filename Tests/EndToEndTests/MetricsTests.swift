import Foundation
import Testing

extension EndToEnd {
  /// A KDC that other programs watch.
  @Suite struct MetricsTests {}
}

extension EndToEnd.MetricsTests {
  /// The port that the KDC tells, on this machine alone.
  private func port(of kdc: RunningKDC) async throws -> UInt16 {
    let line = try await kdc.program.said("metrics at http://127.0.0.1:")
    let digits = line.split(separator: "127.0.0.1:").last?.prefix { $0 != "/" }
    return try #require(digits.flatMap { UInt16($0) })
  }

  /// Everything that comes until the other side ends.
  private func answer(_ socket: ClientSocket) -> String {
    var answer: [UInt8] = []
    while let more = socket.receive() { answer += more }
    return String(decoding: answer, as: UTF8.self)
  }

  private func get(_ target: String, at port: UInt16) throws -> String {
    let socket = try ClientSocket(port)
    socket.send(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    return answer(socket)
  }

  /// The figures of a page by name and labels, all as they were at one time.
  private func figures(_ page: String) -> [Substring: Double] {
    let lines = page.split(separator: "\r\n").last?.split(separator: "\n") ?? []
    return Dictionary(
      lines.filter { !$0.hasPrefix("#") }.compactMap { line in
        line.lastIndex(of: " ").map {
          (line[..<$0], Double(line[line.index(after: $0)...]) ?? .nan)
        }
      }, uniquingKeysWith: { first, _ in first })
  }

  /// A page of now that says so.
  private func page(
    at port: UInt16, _ name: Substring, is value: Double
  ) async throws -> [Substring: Double] {
    try await eventually("\(name) is \(value)") {
      let figures = figures(try get("/metrics", at: port))
      return figures[name] == value ? figures : nil
    }
  }

  private func logIn(_ stage: Stage, _ user: User, at kdc: RunningKDC) async throws {
    try await stage.start(
      .client, ["login", "-n", user.name] + Stage.Access(user, at: kdc).arguments, home: user.home
    ).expectExit(0)
  }

  @Test(
    "While the audit cannot be written, status, metrics and readyz say so; later no more",
    .needs(.disks))
  func failingAudit() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(in: stage, size: "1m")
      let kdc = try await stage.kdc(["--metrics", "0", "--audit", disk.folder.path("audit")])
      let port = try await port(of: kdc)
      func status() async throws -> String {
        let program = try stage.start(.kdc, ["status", "-f", kdc.folder.path("pwd.txt")])
        try await program.expectExit(0)
        return program.output.text
      }
      #expect(try await status().contains("audit: written\naudit-events-missing: 0\n"))
      try disk.fill()
      let alice = try stage.user("alice")
      // What is left of a block of the file may take a few records.
      for _ in 0..<30 { try await logIn(stage, alice, at: kdc) }
      let page = try await page(at: port, "trent_kdc_audit_failing", is: 1)
      #expect(page["trent_kdc_audit_events_missing_total"] == 0)
      #expect(try await status().contains("audit: cannot be written: cannot write "))
      let ready = try get("/readyz", at: port)
      #expect(ready.hasPrefix("HTTP/1.1 200 "))
      #expect(ready.hasSuffix("ready, but the audit cannot be written\n"))
      try FileManager.default.removeItem(atPath: disk.folder.path("filler"))
      _ = try await self.page(at: port, "trent_kdc_audit_failing", is: 0)
      #expect(try await status().contains("audit: written\n"))
      #expect(try get("/readyz", at: port).hasSuffix("\r\nready\n"))
    }
  }

  @Test("Metrics tell what happens, by kind, outcome and reason, and nobody's name")
  func metrics() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--metrics", "0"])
      let port = try await port(of: kdc)
      #expect(try get("/healthz", at: port).hasPrefix("HTTP/1.1 200 "))
      #expect(try get("/readyz", at: port).hasPrefix("HTTP/1.1 200 "))
      try await logIn(stage, try stage.user("alice"), at: kdc)
      try ClientSocket(kdc.port).send([0, 2, 9, 9])
      let datagrams = try ClientSocket(kdc.port, isDatagram: true)
      datagrams.send([1, 5] + randomBytes(300))
      var page = ""
      // One login: refused while the name was unknown, then granted. A page may be a second old.
      for line in [
        #"trent_kdc_events_total{event="registered"} 1"#,
        #"trent_kdc_events_total{event="logged-in"} 1"#,
        #"trent_kdc_refusals_total{reason="name or proof"} 1"#,
        #"trent_kdc_refusals_total{reason="malformed message"} 1"#,
        #"trent_kdc_refusals_total{reason="ticket-granting ticket does not open"} 1"#,
        #"trent_kdc_requests_total{kind="other",outcome="refused"} 1"#,
        #"trent_kdc_requests_total{kind="sealed",outcome="refused"} 1"#,
        #"trent_kdc_requests_total{kind="granting",outcome="silent"} 1"#,
        "trent_kdc_users 1", "trent_kdc_receivers 0", "trent_kdc_ready 1",
        #"trent_kdc_brakes_closed{by="name"} 0"#, "trent_kdc_event_lines_lost_total 0",
      ] {
        try await eventually(line, report: page) {
          page = try get("/metrics", at: port)
          return page.split(separator: "\r\n").last?.split(separator: "\n")
            .contains(Substring(line)) == true ? () : nil
        }
      }
      #expect(page.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      for name in [
        "process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total",
        "trent_kdc_epoch_key_age_seconds", "trent_kdc_sealed_request_duration_seconds_count",
      ] {
        let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        let value = line?.split(separator: " ").last.flatMap { Double($0) }
        #expect((value ?? 0) > 0, "\(name): \(line ?? "")")
      }
      #expect(!page.contains("alice") && !page.contains("127.0.0.1"))
      try await kdc.stop()
    }
  }

  @Test("What a refusal does not tell, metrics do not tell either")
  func oneRefusal() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--metrics", "0"])
      let port = try await port(of: kdc)
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, alice, at: kdc)
      let granted: Substring = #"trent_kdc_requests_total{kind="sealed",outcome="granted"}"#
      let refused: Substring = #"trent_kdc_refusals_total{reason="name or proof"}"#
      var pages = [try await page(at: port, refused, is: 1)]
      // A wrong passphrase, a name that does not exist, and somebody who is disabled.
      for (count, user, known) in [(2.0, alice, bob), (3.0, bob, bob), (4.0, alice, alice)] {
        if count == 4 {
          let users = kdc.folder.path("pwd.txt")
          try await stage.start(.kdc, ["users", "disable", "alice", "-f", users]).expectExit(0)
        }
        let words = ["login", "-n", user.name, "-a", "127.0.0.1", "-p", "\(kdc.port)"]
        try await stage.start(
          .client, words + ["--kdc-key", kdc.word, "--passphrase-file", known.passphraseFile],
          home: user.home
        ).expectExit(5)
        pages.append(try await page(at: port, refused, is: count))
      }
      // Each has changed the same figures by the same.
      let changes = zip(pages, pages.dropFirst()).map { before, after in
        after.keys.filter { name in
          name.hasPrefix("trent_kdc_re") && before[name] != after[name]
        }.sorted()
      }
      #expect(changes[0] == changes[1] && changes[1] == changes[2], "\(changes)")
      #expect(changes[0].contains(refused))
      for page in pages {
        let timed = page["trent_kdc_sealed_request_duration_seconds_count"]
        #expect(timed == page[granted])
      }
      try await kdc.stop()
    }
  }

  @Test("docs/METRICS.md has every metric, and no other")
  func documented() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--metrics", "0", "--audit", stage.folder.path("audit")])
      let page = try get("/metrics", at: try await port(of: kdc))
      let told = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        .map { String($0.split(separator: " ")[2]) }
      let path = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/METRICS.md")
      let text = try String(contentsOf: path, encoding: .utf8)
      let names = text.matches(of: #/`((?:trent_kdc|process)_[a-z_]+)`/#).map { String($0.1) }
      #expect(Set(names) == Set(told) && told.count == Set(told).count)
      try await kdc.stop()
    }
  }

  @Test("On this machine alone, unless a host is told; settings and SIGHUP know it")
  func address() async throws {
    try await Stage.with { stage in
      let path = try stage.folder.put(Array(#"{"metrics": "0"}"#.utf8), at: "settings.json")
      let kdc = try await stage.kdc(["--settings", path])
      let port = try await port(of: kdc)
      #expect(throws: TestProblem.self) { try ClientSocket(port, lastByte: 2) }
      #expect(try get("/healthz", at: port).hasPrefix("HTTP/1.1 200 "))
      try stage.folder.put(Array(#"{"metrics": "1"}"#.utf8), at: "settings.json")
      kdc.program.signal(SIGHUP)
      try await kdc.program.said(
        "port, users, store, keys, bind, audit and metrics take effect at the next start")
      let taken = try stage.start(
        .kdc, ["-p", "0", "-f", stage.folder.path("other"), "--metrics", "\(port)"])
      try await taken.expectExit(1)
      #expect(taken.errors.text.contains("cannot show metrics at 127.0.0.1, port \(port)"))
      for wrong in ["x", "1:2:3", "65536"] {
        let words = ["-p", "0", "-f", stage.folder.path("other")]
        try await stage.start(.kdc, words + ["--metrics", wrong]).expectExit(64)
        try stage.folder.put(Array("{\"metrics\": \"\(wrong)\"}".utf8), at: "settings.json")
        try await stage.start(.kdc, words + ["--settings", path]).expectExit(1)
      }
      let elsewhere = try await stage.kdc(["--metrics", "127.0.0.2:0"], folder: "elsewhere")
      try await elsewhere.program.said("metrics at http://127.0.0.2:")
    }
  }

  @Test("Nobody who is slow, greedy or senseless keeps others from watching, or the KDC busy")
  func hostile() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--metrics", "0"])
      let port = try await port(of: kdc)
      let one = try get("/healthz", at: port)
      let pipelined = try ClientSocket(port)
      pipelined.send(
        Array("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n\0\0".utf8))
      #expect(answer(pipelined) == one)
      let senseless = try ClientSocket(port)
      senseless.send([1, 5] + randomBytes(4000))
      #expect(answer(senseless).hasPrefix("HTTP/1.1 400 "))
      let endless = try ClientSocket(port)
      endless.send(Array("GET /healthz HTTP/1.1\r\nHost: a\r\nX: ".utf8))
      endless.send([UInt8](repeating: 0x78, count: 1 << 16))
      #expect(answer(endless).hasPrefix("HTTP/1.1 431 "))
      // Everybody's places are taken by who never ends a request.
      let slow = try (0..<16).map { _ in try ClientSocket(port) }
      for socket in slow { socket.send(Array("GET /metrics HTTP/1.1\r\nHost: a\r\nX: ".utf8)) }
      try await eventually("all places taken") {
        try get("/healthz", at: port).isEmpty ? () : nil
      }
      try await logIn(stage, try stage.user("alice"), at: kdc)
      // They lose them in seconds, without an answer.
      for socket in slow { #expect(answer(socket).isEmpty) }
      try await eventually("a place") { try get("/healthz", at: port) == one ? () : nil }
      try await logIn(stage, try stage.user("bob"), at: kdc)
      try await kdc.stop()
    }
  }
}
