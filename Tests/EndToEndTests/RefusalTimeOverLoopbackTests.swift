import Testing
import TimingHarness

extension EndToEnd {
  /// HOSTILE B 9: when the real KDC's refusal of a login arrives. It leaves at a fixed delay (Q3),
  /// so that what the KDC has done meanwhile makes no difference; what it does without a delay is
  /// `RefusalTimeTests`' matter.
  @Suite struct RefusalTimeOverLoopbackTests {}
}

extension EndToEnd.RefusalTimeOverLoopbackTests {
  private enum Kind: Int, CaseIterable {
    case wrongProof, unknownName, disabled
  }

  private struct Sample {
    let kind: Kind
    let nanoseconds: Double
    let byteCount: Int
  }

  /// Connections at a time, each with its own wrong account of each kind.
  private static let connections = 24
  /// How often each asks for each kind: 480 samples of a kind, in 12 seconds.
  private static let rounds = 20
  /// Less than this is of the scheduler, nanoseconds.
  private static let tolerance = 1_000_000.0
  /// What a refusal without the delay would differ by.
  private static let delay = 200_000_000.0

  /// Everybody logs in from one address, and is wrong.
  private func unbraked(_ stage: Stage) throws -> [String] {
    let rates = ["sealed-requests", "registrations", "connections"]
      .map { "\"\($0)\": {\"per-second\": 0}" }
    let failures = ["name", "source"].map { "\"\($0)\": {\"free-failures\": 1000000}" }
    let brakes = (rates + failures).joined(separator: ", ")
    let file = try stage.folder.put(Array("{\"brakes\": {\(brakes)}}".utf8), at: "brakes.json")
    return ["--settings", file]
  }

  /// Samples of all kinds, in turns that begin with another one each time.
  private func samples(at service: Service) async throws -> [Sample] {
    let names = try ["alice", "mallory", "carol"].map { try principal($0) }
    let gathered = await onThreads(Self.connections) { number -> [Result<Sample, any Error>] in
      do {
        let client = try RegisteringClient(service)
        var samples: [Result<Sample, any Error>] = []
        for turn in 0..<Self.rounds * Kind.allCases.count {
          let round = turn / Kind.allCases.count
          let kind = Kind.allCases[(turn + round + number) % Kind.allCases.count]
          let refusal = try client.refusal(of: Account(names[kind.rawValue]))
          samples.append(
            .success(
              Sample(
                kind: kind, nanoseconds: refusal.nanoseconds, byteCount: refusal.byteCount)))
        }
        return samples
      } catch {
        return [.failure(error)]
      }
    }
    return try gathered.map { try $0.get() }
  }

  @Test("Unknown name, wrong passphrase and disabled user: the same bytes at the same time")
  func sameTime() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(unbraked(stage))
      let service = try Service(["listening on port \(kdc.port)", kdc.word])
      for name in ["alice", "carol"] {
        let account = Account(try principal(name))
        #expect(try RegisteringClient(service).register(account) == .acknowledged)
      }
      let disabling = try stage.start(
        .kdc, ["users", "disable", "carol", "-f", kdc.folder.path("pwd.txt")])
      try await disabling.expectExit(0)

      let samples = try await samples(at: service)
      #expect(Set(samples.map(\.byteCount)).count == 1)
      let times = Kind.allCases.map { kind in
        samples.filter { $0.kind == kind }.map(\.nanoseconds)
      }
      for time in times { #expect(time.count == Self.connections * Self.rounds) }
      for kind in [Kind.unknownName, .disabled] {
        let other = times[kind.rawValue]
        let test = WelchTest(times[0], other, tolerance: Self.tolerance)
        print(
          "wrong proof and \(kind) over loopback: \(Int(test.difference / 1000)) us, t \(test.t),",
          "finds \(Int(test.power / 1000)) us")
        #expect(!test.differs)
        // Or it would say nothing, however busy the machine is.
        #expect(test.power < Self.delay / 2)
        // What leaves at once, and what leaves as little earlier as this can tell from chance.
        for early in [Self.delay, 1.01 * test.power] {
          let planted = WelchTest(
            times[0], other.map { $0 - test.difference - early }, tolerance: Self.tolerance)
          #expect(planted.differs)
        }
      }
      // Each of them waited for.
      #expect(samples.allSatisfy { $0.nanoseconds > Self.delay * 0.99 })
    }
  }
}
