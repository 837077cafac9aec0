import Foundation
import Testing

extension EndToEnd {
  /// Clocks that are wrong, or jump while the programs run.
  @Suite struct ClockFaultTests {}
}

extension EndToEnd.ClockFaultTests {
  /// A KDC by a clock that jumps, and a receiver that stays, whose minutes are short.
  private struct Scene {
    let stage: Stage
    let clock: MovableClock
    let kdc: RunningKDC
    let received: Folder
    let receiver: Program
    /// Has a kept login.
    let alice: User

    init(_ stage: Stage) async throws {
      self.stage = stage
      clock = try MovableClock(in: stage.folder)
      kdc = try await stage.kdc(
        stage.unbraked(), in: Surroundings(environment: clock.environment))
      let quick = try QuickClock(factor: 20, in: stage.folder)
      stage.put(try stage.user("bob").home, in: Surroundings(environment: quick.environment))
      received = try stage.folder.folder("received")
      receiver = try await stage.serving(at: kdc, into: received, ["--accept-all", "--rename"])
      alice = try await stage.loggedIn("alice", at: kdc)
    }

    func logIn(_ name: String) throws -> Program {
      let user = try stage.user(name)
      return try stage.start(
        .client, ["login", "-n", name] + Stage.Access(user, at: kdc).arguments, home: user.home)
    }

    func expectArrival(from user: User, _ extra: [String] = []) async throws {
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let before = received.entries.count
      let sender = try stage.send(user, at: kdc, [file] + extra)
      try await sender.expectExit(0, within: .seconds(60))
      #expect(received.entries.count == before + 1)
    }

    /// Words and exit status for whom another time of the KDC's was told before.
    func expectToBeToldOfTheClock(_ program: Program) async throws {
      try await program.expectExit(4)
      #expect(program.errors.text.contains("a key whose time is over or not yet come"))
      #expect(program.errors.text.contains("/clocks and try again"), "\(program.report)")
    }
  }

  @Test(
    "The KDC's clock jumps an hour on and back: logins go on, and a receiver is found again",
    .needs(.clocks))
  func anHour() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      let carol = try await stage.loggedIn("carol", at: scene.kdc)
      try await scene.expectArrival(from: scene.alice)
      for (name, offset) in [("dave", Duration.hours(1)), ("erin", .zero)] {
        try scene.clock.jump(to: offset)
        // The receiver is there again when it has spoken to the KDC, which it does each minute.
        try await scene.expectArrival(from: scene.alice, ["--retry", "1"])
        try await scene.expectArrival(from: carol)
        try await scene.logIn(name).expectExit(0)
        try await scene.expectArrival(from: try stage.user(name))
      }
      #expect(scene.receiver.exitStatus == nil)
      #expect(scene.kdc.log.contains("time of the request is off"))
    }
  }

  @Test(
    "Who signs in and knows another time of the KDC's is told so, and what to do; that helps",
    .needs(.clocks))
  func signingIn() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      try scene.clock.jump(to: .hours(2))
      let refused = try scene.logIn("alice")
      try await scene.expectToBeToldOfTheClock(refused)
      try FileManager.default.removeItem(atPath: scene.alice.home.path("clocks"))
      try await scene.logIn("alice").expectExit(0)
      try await scene.expectArrival(from: scene.alice, ["--retry", "1"])
    }
  }

  @Test(
    "The KDC's clock jumps a day on and back: what ended then stays dead, everybody else goes on",
    .needs(.clocks))
  func aDay() async throws {
    try await Stage.with { stage in
      let scene = try await Scene(stage)
      let carol = try await stage.loggedIn("carol", at: scene.kdc)
      try scene.clock.jump(to: .days(1))
      // Its keys are looked after every few seconds.
      let key = try #require(scene.kdc.folder.bytes(of: "kdc.key"))
      try await eventually("the end of yesterday's keys", report: scene.kdc.log) {
        scene.kdc.folder.bytes(of: "kdc.key") == key ? nil : ()
      }
      let file = try stage.folder.put([1], at: "file")
      try await scene.expectToBeToldOfTheClock(try stage.send(scene.alice, at: scene.kdc, [file]))
      try await scene.logIn("dave").expectExit(0)

      try scene.clock.jump(to: .zero)
      let dead = try stage.send(carol, at: scene.kdc, [file])
      try await dead.expectExit(5)
      #expect(dead.errors.text.contains("The login of carol is over. Log in again"))
      try await scene.logIn("carol").expectExit(0)
      // The receiver has logged in again by itself.
      try await scene.expectArrival(from: carol, ["--retry", "1"])
      #expect(scene.receiver.exitStatus == nil)
    }
  }

  @Test(
    "A device's clock that is wrong: what holds within a day, and what is said beyond it",
    .needs(.clocks))
  func device() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let clock = try MovableClock(in: stage.folder)
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received, ["--accept-all", "--rename"])
      let alice = try stage.user("alice")
      stage.put(alice.home, in: Surroundings(environment: clock.environment))
      func logIn() throws -> Program {
        try stage.start(
          .client, ["login", "-n", "alice"] + Stage.Access(alice, at: kdc).arguments,
          home: alice.home)
      }
      // Nothing is known yet but what the own clock says.
      for offset in [Duration.days(3), .days(-3)] {
        try clock.jump(to: offset)
        let refused = try logIn()
        try await refused.expectExit(4)
        #expect(refused.errors.text.contains("Compare the clocks"), "\(refused.report)")
      }
      try clock.jump(to: .hours(-20))
      try await logIn().expectExit(0)
      let file = try stage.folder.put([1, 2, 3], at: "file")
      for offset in [Duration.hours(20), .hours(-20), .days(3)] {
        try clock.jump(to: offset)
        try await stage.send(alice, at: kdc, [file]).expectExit(0)
      }
      // By its own clock the receiver's keys are not of now.
      for offset in [Duration.days(-3), .days(40)] {
        try clock.jump(to: offset)
        let refused = try stage.send(alice, at: kdc, [file])
        try await refused.expectExit(6)
        #expect(refused.errors.text.contains("Compare this machine's clock"), "\(refused.report)")
      }
      #expect(received.entries.count == 3)
      #expect(receiver.exitStatus == nil)
    }
  }

  @Test(
    "A receiver's clock jumps while it waits: nobody is let in whose keys are not of its time",
    .needs(.clocks))
  func receiver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let clock = try MovableClock(in: stage.folder)
      stage.put(try stage.user("bob").home, in: Surroundings(environment: clock.environment))
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(
        at: kdc, into: received, ["--accept-all", "--rename", "--verbose"])
      let alice = try await stage.loggedIn("alice", at: kdc)
      let file = try stage.folder.put([1, 2, 3], at: "file")
      for (offset, status) in [
        (Duration.days(-3), 6), (.days(40), 6), (.hours(20), 0), (.hours(-20), 0), (.zero, 0),
      ] {
        try clock.jump(to: offset)
        let sender = try stage.send(alice, at: kdc, [file])
        try await sender.expectExit(Int32(status))
      }
      #expect(received.entries.count == 3)
      #expect(receiver.errors.lines.filter { $0.contains("was closed: ") }.count >= 2)
    }
  }
}
