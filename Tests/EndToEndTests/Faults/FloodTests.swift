import Foundation
import Testing

extension EndToEnd {
  /// Strangers who come in thousands, while others want to work (HOSTILE A.5, G.24).
  ///
  /// `TRENT_FLOOD_RATE` says how many datagrams a second there are (10,000 if it says nothing).
  @Suite struct FloodTests {}
}

extension EndToEnd.FloodTests {
  private static let mebibyte = 1 << 20

  /// Everything that a KDC is for, while `trouble` lasts: all of it has to succeed.
  private func expectService(_ stage: Stage, at kdc: RunningKDC, during trouble: String)
    async throws
  {
    let load = ["-a", "127.0.0.1", "-p", "\(kdc.port)", "--kdc-key", kdc.word]
    for (exchange, transport, count) in [
      ("ticket", "udp", 500), ("login", "tcp-connect", 20), ("register", "tcp", 20),
    ] {
      let json = stage.folder.path("load.json")
      let program = try stage.start(
        .kdcLoad,
        load + ["--exchange", exchange, "--transport", transport, "-n", "\(count)"]
          + ["-c", "4", "--users", "4", "--json", json])
      try await program.expectExit(0, within: .seconds(60))
      let report = try LoadReport(of: stage.folder.bytes(of: "load.json"))
      #expect(report.completed == count && report.failed == 0)
      print("\(trouble), \(exchange) by \(transport): \(report.success)")
    }
    try await stage.expectTransfer(
      from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
  }

  @Test(
    "10,000 idle connections cost memory within a bound, and nobody else anything",
    .needs(.descriptors(12_000)))
  func idleConnections() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let before = kdc.program.residentMemory
      let crowd = try await IdleCrowd(of: 10_000, at: kdc.port, on: stage)
      try await expectService(stage, at: kdc, during: "10,000 idle connections")
      #expect(try await crowd.openCount() == 10_000)
      let growth = kdc.program.residentMemory - before
      print("10,000 idle connections: the KDC has grown by \(growth / Self.mebibyte) MiB")
      #expect(growth > 0 && growth < 100 * Self.mebibyte)
      try await crowd.leave()
      try await stage.expectTransfer(
        from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
    }
  }

  @Test(
    "Who says nothing, or never ends a message, is closed when its time is over; others work on")
  func deadlines() async throws {
    try await Stage.with { stage in
      let quick = try QuickClock(factor: 20, in: stage.folder)
      let kdc = try await stage.kdc(
        stage.unbraked(), in: Surroundings(environment: quick.environment))
      let silent = try await IdleCrowd(of: 500, at: kdc.port, on: stage)
      let slow = try await IdleCrowd(of: 500, at: kdc.port, saying: 3, on: stage)
      try await stage.expectTransfer(
        from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
      for crowd in [slow, silent] {
        try await crowd.expectToBeClosed()
        try await crowd.leave()
      }
      try await stage.expectTransfer(
        from: try stage.user("alice"), to: try stage.user("bob"), at: kdc)
    }
  }

  @Test("A flood of junk datagrams keeps nobody from working, and takes no memory")
  func junkDatagrams() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let before = kdc.program.residentMemory
      let log = kdc.log.utf8.count
      let wanted = ProcessInfo.processInfo.environment["TRENT_FLOOD_RATE"].flatMap { Int($0) }
      let flood = try JunkFlood(at: kdc.port, perSecond: wanted ?? 10_000, on: stage)
      try await expectService(stage, at: kdc, during: "a flood of junk")
      let rate = try await flood.end()
      let growth = kdc.program.residentMemory - before
      print("a flood of \(rate) junk datagrams a second: grown by \(growth / Self.mebibyte) MiB")
      #expect(rate > 2000)
      #expect(growth < 50 * Self.mebibyte)
      // Nobody fills the disk with lines about what nobody has verified.
      #expect(kdc.log.utf8.count - log < Self.mebibyte)
    }
  }
}
