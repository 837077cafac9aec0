import Foundation
import Testing

extension EndToEnd {
  /// Networks that lose packets, are cut, or lose one end without a word.
  @Suite struct NetworkFaultTests {}
}

extension EndToEnd.NetworkFaultTests {
  /// What each machine loses of what comes in.
  private static let loss = 0.1

  @Test(
    "A tenth of all packets is lost, each way: everything is done all the same",
    .needs(.networks))
  func lossy() async throws {
    try await Stage.with { stage in
      let scene = try await NetworkScene(stage, people: ["alice", "bob"], isQuick: false)
      try scene.network.lose(Self.loss)
      _ = try await scene.mailbox()
      let receiver = try await scene.receiver()
      let alice = try await stage.loggedIn("alice", at: scene.kdc)

      let load = try stage.start(
        .kdcLoad,
        ["-a", scene.kdc.host, "-p", "\(scene.kdc.port)", "--kdc-key", scene.kdc.word]
          + ["--exchange", "ticket", "--transport", "udp", "-n", "200", "-c", "4", "--users", "4"]
          + ["--json", stage.folder.path("load.json")], in: try scene.network["alice"].surroundings)
      try await load.expectExit(0, within: .seconds(60))
      let report = try LoadReport(of: stage.folder.bytes(of: "load.json"))
      #expect(report.completed == 200 && report.lost > 0)
      print("\(Int(Self.loss * 100)) of 100 packets lost each way, keys: \(report.success)")

      let start = ContinuousClock.now
      for _ in 0..<6 { try await scene.expectArrival(from: alice, ["--retry", "2"]) }
      print("six transfers of 200,000 bytes: \(ContinuousClock.now - start)")
      let content = randomBytes(500_000)
      let file = try stage.folder.put(content, at: "deposit")
      try await stage.send(alice, at: scene.kdc, [file, "--via", "post", "--retry", "2"])
        .expectExit(0, within: .seconds(60))
      try await scene.fetch()
      #expect(scene.received.bytes(of: "deposit") == content)
      #expect(receiver.exitStatus == nil)
    }
  }

  @Test(
    "KDC, receiver and mailbox are cut off, each for a while: told, and then all goes on",
    .needs(.networks))
  func partitions() async throws {
    try await Stage.with { stage in
      let scene = try await NetworkScene(stage, people: ["alice", "bob"], isQuick: true)
      _ = try await scene.mailbox()
      let receiver = try await scene.receiver()
      let alice = try await stage.loggedIn("alice", at: scene.kdc)
      try await scene.expectArrival(from: alice)

      try scene.network.connect("kdc", false)
      let small = try stage.folder.put([1, 2, 3], at: "cut off")
      let cutOff = try stage.send(alice, at: scene.kdc, [small])
      try await cutOff.expectExit(3)
      #expect(cutOff.errors.text.contains("There is no way to the KDC"), "\(cutOff.report)")
      try await receiver.said("the KDC does not answer; trying on")
      try scene.network.connect("kdc", true)
      try await receiver.said("the KDC answers again")
      try await scene.expectArrival(from: alice)

      let large = try stage.folder.put(randomBytes(64 << 20), at: "large")
      let sender = try stage.send(alice, at: scene.kdc, [large, "--retry", "60"])
      try await eventually("some of it", report: sender.report) {
        scene.arriving() > 1 << 20 ? () : nil
      }
      try scene.network.connect("bob", false)
      try await sender.said("Trying again.")
      try scene.network.connect("bob", true)
      try await sender.expectExit(0, within: .seconds(60))
      #expect(sender.errors.text.contains("resuming after"), "\(sender.report)")
      let isWhole = scene.received.bytes(of: "large") == stage.folder.bytes(of: "large")
      #expect(isWhole)

      try scene.network.connect("post", false)
      let deposit = ["--via", "post", try stage.folder.put([4, 5, 6], at: "deposit")]
      try await stage.send(alice, at: scene.kdc, deposit).expectExit(6)
      try scene.network.connect("post", true)
      try await stage.send(alice, at: scene.kdc, deposit).expectExit(0)
      try await scene.fetch()
      #expect(scene.received.bytes(of: "deposit") == [4, 5, 6])
      try await scene.expectArrival(from: alice)
      try await stage.stop(receiver)
    }
  }

  @Test(
    "One end vanishes without a word: the other gives up in time, and serves others meanwhile",
    .needs(.networks))
  func vanished() async throws {
    try await Stage.with { stage in
      let scene = try await NetworkScene(stage, people: ["alice", "bob", "carol"], isQuick: true)
      let receiver = try await scene.receiver()
      let alice = try await stage.loggedIn("alice", at: scene.kdc)
      let carol = try await stage.loggedIn("carol", at: scene.kdc)
      let held = try await stage.stream(alice, at: scene.kdc, to: receiver, number: 1)
      held.write(randomBytes(1 << 20))
      try await eventually("some of it") { scene.arriving() > 1 << 19 ? () : nil }
      try scene.network["alice"].vanish()
      try await scene.expectArrival(from: carol)
      let line = try await receiver.said("a stream (length unknown) from alice: ")
      #expect(line.contains("The other end did not answer in time."), "\(line)")
      held.write(randomBytes(1 << 20))
      held.closeInput()
      try await held.expectExit(8)
      #expect(held.errors.text.contains("The transfer broke off"), "\(held.report)")
      try scene.network["alice"].heal()
      try await scene.expectArrival(from: alice)

      // The receiver of a sender who waits for its word.
      let number = receiver.errors.lines.count { $0.hasPrefix("receiving a stream") } + 1
      let waiting = try await stage.stream(carol, at: scene.kdc, to: receiver, number: number)
      try scene.network["bob"].vanish()
      waiting.write(randomBytes(1 << 20))
      waiting.closeInput()
      try await waiting.expectExit(8)
      #expect(!scene.received.entries.contains("stdin"))
      try scene.network["bob"].heal()
      try await scene.expectArrival(from: carol)
      #expect(receiver.exitStatus == nil)
    }
  }

  @Test(
    "A receiver that the KDC has forgotten while it was cut off is found again",
    .needs(.networks), .needs(.clocks))
  func forgotten() async throws {
    try await Stage.with { stage in
      let network = try await Network(["bob", "kdc"])
      let clock = try MovableClock(in: stage.folder)
      var place = try network["kdc"].surroundings
      place.environment = clock.environment
      let kdc = try await stage.kdc(stage.unbraked(), on: try network["kdc"], in: place)
      var device = try network["bob"].surroundings
      device.environment = try QuickClock(factor: 20, in: stage.folder).environment
      stage.put(try stage.user("bob").home, in: device)
      let alice = try stage.user("alice")
      stage.put(alice.home, in: try network["kdc"].surroundings)
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received)
      _ = try await stage.loggedIn("alice", at: kdc)
      try network.connect("bob", false)
      try await receiver.said("the KDC does not answer; trying on")
      try clock.jump(to: .seconds(200))
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let early = try stage.send(alice, at: kdc, [file])
      try await early.expectExit(6)
      #expect(early.errors.text.contains("bob is not receiving now"), "\(early.report)")
      try network.connect("bob", true)
      try await receiver.said("the KDC answers again")
      try await stage.send(alice, at: kdc, [file]).expectExit(0)
      #expect(received.bytes(of: "file") == [1, 2, 3])
    }
  }
}
