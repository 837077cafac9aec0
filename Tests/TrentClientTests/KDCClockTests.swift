import KeyDistribution
import Testing
import Wire

@testable import TrentClient

@Suite struct KDCClockTests {
  @Test func knowsNothingBeforeTheFirstReply() {
    #expect(KDCClock().time(bootTime: 5) == nil)
  }

  @Test(arguments: [
    (UInt64(1_000_000), UInt64(400), UInt64(900), UInt64(1_000_500)),
    // A KDC whose clock stands before this machine's start.
    (100, 5_000, 5_001, 101), (0, 0, 0, 0),
  ])
  func goesOnWithTheTimeSinceBoot(_ told: UInt64, _ at: UInt64, _ later: UInt64, _ now: UInt64) {
    var clock = KDCClock()
    clock.set(to: Timestamp(milliseconds: told), bootTime: at)
    #expect(clock.time(bootTime: later) == Timestamp(milliseconds: now))
  }

  @Test func survivesEveryTimeAKDCCanTell() {
    var clock = KDCClock()
    clock.set(to: Timestamp(milliseconds: .max), bootTime: 0)
    #expect(clock.time(bootTime: .max) == Timestamp(milliseconds: UInt64(Int64.max)))
    clock.set(to: Timestamp(milliseconds: 0), bootTime: .max)
    #expect(clock.time(bootTime: 0) == Timestamp(milliseconds: 0))
  }

  @Test func aKnownOffsetIsTrustedMoreThanTheWallClock() {
    guard case .wallClock = KDCClock().trustedTime else {
      Issue.record("not the wall clock")
      return
    }
    guard case .kdcClock = KDCClock(offset: 0).trustedTime else {
      Issue.record("not the KDC's clock")
      return
    }
  }

  @Test func isKeptForThisRunOfTheMachineOnly() throws {
    let folder = TemporaryFolder()
    let person = ScriptedPerson()
    let file = ClockFile(in: folder.state, person: person, bootID: "boot-1")
    try file.save(KDCClock(offset: 700), of: realm(1))
    try file.save(KDCClock(offset: -700), of: realm(2))
    #expect(try file.clock(of: realm(1)).offset == 700)
    #expect(try file.clock(of: realm(2)).offset == -700)
    #expect(try file.clock(of: realm(3)).offset == nil)
    let later = ClockFile(in: folder.state, person: person, bootID: "boot-2")
    #expect(try later.clock(of: realm(1)).offset == nil)
    try later.save(KDCClock(offset: 9), of: realm(1))
    #expect(try later.clock(of: realm(1)).offset == 9)
    #expect(try file.clock(of: realm(1)).offset == nil)
    #expect(contents(file.path).split(separator: "\n").count == 2)
  }

  @Test func smallChangesAreNotWritten() throws {
    let folder = TemporaryFolder()
    let file = ClockFile(in: folder.state, person: ScriptedPerson(), bootID: "boot")
    try file.save(KDCClock(offset: 1000), of: realm(1))
    try file.save(KDCClock(offset: 1499), of: realm(1))
    #expect(try file.clock(of: realm(1)).offset == 1000)
    try file.save(KDCClock(offset: 1500), of: realm(1))
    #expect(try file.clock(of: realm(1)).offset == 1500)
    try file.save(KDCClock(offset: .min), of: realm(1))
    #expect(try file.clock(of: realm(1)).offset == .min)
  }
}
