import Foundation
import Synchronization
import Testing

extension EndToEnd {
  /// The load generator, which must never take a failure for a success.
  @Suite struct KDCLoadTests {}
}

extension EndToEnd.KDCLoadTests {
  /// An exchange and a way that it can travel.
  struct Way: CustomTestStringConvertible {
    let exchange: String
    let transport: String
    /// How long the longest answer is (PROTOCOL.md, 4.3 and 4.4).
    let replyByteCount: Int

    var arguments: [String] { ["--exchange", exchange, "--transport", transport] }
    /// What the KDC's log calls it.
    var event: String {
      switch exchange {
      case "register": " registered "
      case "login": " logged-in "
      case "ticket": " key-issued "
      case "announce": " announced "
      default: " refused "
      }
    }
    var testDescription: String { "\(exchange) by \(transport)" }

    static let all = [
      Way(exchange: "register", transport: "tcp", replyByteCount: 129),
      Way(exchange: "register", transport: "tcp-connect", replyByteCount: 129),
      Way(exchange: "login", transport: "tcp", replyByteCount: 497),
      Way(exchange: "login", transport: "tcp-connect", replyByteCount: 497),
      Way(exchange: "ticket", transport: "udp", replyByteCount: 1171),
      Way(exchange: "ticket", transport: "tcp", replyByteCount: 1171),
      Way(exchange: "ticket", transport: "tcp-connect", replyByteCount: 1171),
      Way(exchange: "announce", transport: "udp", replyByteCount: 307),
      Way(exchange: "refusal", transport: "tcp", replyByteCount: 60),
    ]
  }

  private func load(
    _ stage: Stage, port: UInt16, _ way: Way, _ extra: [String]
  ) throws -> Program {
    try stage.start(
      .kdcLoad,
      ["-a", "127.0.0.1", "-p", "\(port)", "--json", stage.folder.path("load.json")]
        + way.arguments + extra)
  }

  private func report(_ stage: Stage) throws -> LoadReport {
    try LoadReport(of: stage.folder.bytes(of: "load.json"))
  }

  @Test("Each exchange by each way it travels: every request completes", arguments: Way.all)
  func completes(way: Way) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let load = try load(
        stage, port: kdc.port, way,
        [
          "-c", "3", "-n", "11", "--kdc-key", kdc.word, "--server-pid",
          "\(kdc.program.processID)",
        ])
      try await load.expectExit(0)
      let report = try report(stage)
      #expect(report.completed == 11 && report.failed == 0)
      #expect(report.requestsPerSecond > 0)
      #expect(report.replyBytes == way.replyByteCount)
      #expect(try #require(report.serverCpuUs) > 0)
      let latencies = try ["p50", "p90", "p99", "max"].map {
        try #require(report.latencyUs[$0])
      }
      #expect(latencies == latencies.sorted() && latencies[0] > 0)
      #expect(load.output.text.contains("completed    11\nfailed       0\n"))

      // The KDC has served just these, each once.
      try await kdc.stop()
      #expect(kdc.log.split(separator: "\n").count { $0.contains(way.event) } == 11)
      #expect(!kdc.log.contains("replayed"))
    }
  }

  @Test("One answer that does not verify, and the load has failed")
  func answerDoesNotVerify() async throws {
    for way in Way.all where way.transport == "tcp" {
      try await Stage.with { stage in
        let kdc = try await stage.kdc(stage.unbraked())
        let hasTampered = Mutex(false)
        let forwarder = try StreamForwarder(to: kdc.port) { bytes in
          let isFirst = hasTampered.withLock { hasTampered in
            guard !hasTampered, bytes.count == 2 + way.replyByteCount else { return false }
            hasTampered = true
            return true
          }
          return isFirst ? bytes.dropLast() + [bytes[bytes.count - 1] ^ 1] : bytes
        }
        let load = try load(
          stage, port: forwarder.port, way, ["-c", "1", "-n", "5", "--kdc-key", kdc.word])
        try await load.expectExit(1)
        let report = try report(stage)
        #expect(report.completed == 4 && report.failed == 1, "\(way)")
        #expect(load.errors.text.contains("notAuthentic"))
      }
    }
  }

  @Test("A KDC that is not there, and one that dies under the load", arguments: Way.all)
  func deadKDC(way: Way) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let load = try load(
        stage, port: kdc.port, way, ["-n", "1000000", "--users", "2", "--kdc-key", kdc.word])
      try await kdc.logged(way.event)
      kdc.program.signal(SIGKILL)
      try await load.expectExit(1)
      let again = try self.load(stage, port: kdc.port, way, ["--kdc-key", kdc.word])
      try await again.expectExit(1)
      #expect(again.errors.text.contains("the KDC is not reached"))
    }
  }

  @Test("A lost datagram's request is made anew; where all are lost, the load fails")
  func lostDatagrams() async throws {
    let way = try #require(Way.all.first { $0.transport == "udp" })
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let forwarder = try StreamForwarder(to: kdc.port)
      let arguments = ["-c", "2", "-n", "9", "--kdc-key", kdc.word]
      do {
        let datagrams = try DatagramForwarder(forwarder.port, to: kdc.port, losing: 3)
        try await load(stage, port: forwarder.port, way, arguments).expectExit(0)
        let report = try report(stage)
        #expect(report.completed == 9 && report.lost == 3)
        #expect(datagrams.requestCount == 12)
      }
      let swallower = try StreamForwarder(to: kdc.port)
      let silence = try ServerSocket(swallower.port, isDatagram: true)
      try await load(stage, port: swallower.port, way, arguments).expectExit(1)
      let report = try report(stage)
      #expect(report.completed == 0 && report.failed == 9)
      #expect(silence.hasInput)
    }
  }

  @Test("It must be said which KDC it has to be, and another one is refused")
  func identity() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let other = try await stage.kdc(stage.unbraked(), folder: "other")
      let way = try #require(Way.all.last)
      let refused = try load(stage, port: kdc.port, way, ["--kdc-key", other.word])
      try await refused.expectExit(1)
      #expect(refused.errors.text.contains(kdc.word))
      try await load(stage, port: kdc.port, way, []).expectExit(64)
      try await load(stage, port: kdc.port, way, ["--accept-new-kdc", "-n", "2"]).expectExit(0)
    }
  }

  @Test(
    "Wrong usage is told as such",
    arguments: [
      ["--exchange", "login", "--transport", "udp"],
      ["--exchange", "refusal", "--transport", "udp"], ["--exchange", "register", "-c", "0"],
      ["--exchange", "ticket", "-c", "2001"], ["--exchange", "ticket", "-n", "0"],
      ["--exchange", "ticket", "--users", "1"], ["--exchange", "nothing"], [],
      ["--exchange", "ticket", "--server-pid", "-1"],
    ])
  func usage(arguments: [String]) async throws {
    try await Stage.with { stage in
      let load = try stage.start(
        .kdcLoad, ["-a", "127.0.0.1", "-p", "1", "--accept-new-kdc"] + arguments)
      try await load.expectExit(64)
      #expect(load.output.text.isEmpty)
    }
  }
}
