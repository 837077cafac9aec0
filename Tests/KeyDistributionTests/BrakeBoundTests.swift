import Testing
import Wire

@testable import KeyDistribution

@Suite("What the brakes allow in all, and what they remember")
struct BrakeBoundTests {
  private func network(_ number: Int) throws -> NetworkAddress {
    try address(
      [10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)], port: 1)
  }

  /// Whether one guess for a name is looked at; it is wrong.
  private func guess(
    _ brakes: Brakes, _ name: PrincipalName, from source: NetworkAddress, at now: Timestamp
  ) -> Bool {
    guard case .admitted = brakes.admit(name, from: source, at: now, isSigned: { false }) else {
      return false
    }
    return true
  }

  /// docs/REFERENCE.md and SECURITY.md tell this number.
  @Test("A day of guesses from 10,000 networks: 109 are looked at", arguments: [1, 60, 600, 1800])
  func guessesOfADay(pause: Int) throws {
    let brakes = Brakes(BrakePolicy())
    let name = try principal("alice")
    var looked = 0
    for second in stride(from: 0, to: 86_400, by: pause) {
      let now = TestKDC.start + .seconds(UInt64(second))
      // As many as come at this moment, until one is sent away.
      var number = second
      while guess(brakes, name, from: try network(number % 10_000), at: now) {
        looked += 1
        number += 1
      }
    }
    #expect(looked <= 109)
    if pause == 1 { #expect(looked == 109) }
  }

  @Test("Many attempts at one moment: as many as one after the other")
  func atOnce() throws {
    let brakes = Brakes(BrakePolicy())
    let name = try principal("alice")
    var admitted: [Brakes.Admission] = []
    for number in 0..<100 {
      if case .admitted(let admission) = brakes.admit(
        name, from: try network(number), at: TestKDC.start, isSigned: { false })
      {
        admitted.append(admission)
      }
    }
    #expect(admitted.count == BrakePolicy().name.freeFailures)
    // One of them was right: the others count, and this one does not.
    brakes.succeed(admitted[2], name, from: try network(2), at: TestKDC.start)
    #expect(guess(brakes, name, from: try network(7), at: TestKDC.start))
    #expect(!guess(brakes, name, from: try network(8), at: TestKDC.start))
  }

  @Test("A failure is forgiven after an hour without another")
  func forgiveness() throws {
    let brakes = Brakes(BrakePolicy())
    let name = try principal("alice")
    func free(at now: Timestamp) throws -> Int {
      try (0..<50).count { guess(brakes, name, from: try network($0), at: now) }
    }
    #expect(try free(at: TestKDC.start) == 5)
    #expect(try free(at: TestKDC.start + .hours(3)) == 3)
    #expect(try free(at: TestKDC.start + .hours(60)) == 5)
  }

  @Test("HOSTILE G 24: a flood of names does not make the brakes forget one")
  func flood() throws {
    var table = BackOff(capacity: 64)
    let rule = BrakePolicy().name
    for _ in 0..<12 { _ = table.charge(77 << 32 | 1, at: TestKDC.start, rule) }
    let wait = table.wait(of: 77 << 32 | 1, at: TestKDC.start, rule)
    // Each of these fails as often, and later: the first one loses its place.
    for key in 1...1000 as ClosedRange<UInt64> {
      for _ in 0..<12 { _ = table.charge(key << 32 | 3, at: TestKDC.start, rule) }
    }
    #expect(wait == .seconds(128))
    #expect(try #require(table.wait(of: 77 << 32 | 1, at: TestKDC.start, rule)) >= .seconds(128))
  }

  @Test("HOSTILE G 24: a flood of sources does not fill an empty bucket")
  func floodOfSources() {
    var limits = RateLimits(capacity: 64)
    let rule = RateRule(perSecond: 1, burst: 3)
    for _ in 0..<3 { #expect(limits.take(5 << 32 | 1, at: TestKDC.start, rule) == nil) }
    for key in 100...1100 as ClosedRange<UInt64> {
      for _ in 0..<3 { _ = limits.take(key << 32 | 1, at: TestKDC.start, rule) }
    }
    #expect(limits.take(5 << 32 | 1, at: TestKDC.start, rule) == .seconds(1))
  }

  @Test("A source may go on at its rate, and a rate of 0 is no limit")
  func rate() {
    var limits = RateLimits(capacity: 64)
    let rule = RateRule(perSecond: 10, burst: 5)
    var taken = 0
    for millisecond in 0..<2000 as Range<UInt64>
    where limits.take(3, at: TestKDC.start + .milliseconds(millisecond), rule) == nil {
      taken += 1
    }
    #expect(taken == 5 + 19)
    let free = RateRule(perSecond: 0, burst: 1)
    #expect((0..<999).allSatisfy { _ in limits.take(5, at: TestKDC.start, free) == nil })
  }

  @Test("A clock that is set back, or to the end of time, locks nobody out")
  func clock() throws {
    let brakes = Brakes(BrakePolicy())
    let name = try principal("alice")
    let late = Timestamp(milliseconds: .max)
    for number in 0..<20 { _ = guess(brakes, name, from: try network(number), at: late) }
    #expect(brakes.waitForSealedRequest(from: try network(1), at: late) == nil)
    guard
      case .wait(let wait) = brakes.admit(
        name, from: try network(30), at: TestKDC.start, isSigned: { false })
    else { return }
    #expect(wait <= BrakePolicy().name.longestDelay)
  }

  @Test("A name knows its latest eight networks, for thirty days; many names make room")
  func knownNetworks() {
    var known = KnownNetworks(names: 100, networksOfEach: 8, lifetime: .days(30))
    for number in 0..<9 as Range<UInt64> {
      known.insert(number, of: 1, at: TestKDC.start + .seconds(number))
    }
    #expect(!known.contains(0, of: 1, at: TestKDC.start + .days(1)))
    #expect(known.contains(1, of: 1, at: TestKDC.start + .days(1)))
    #expect(!known.contains(1, of: 2, at: TestKDC.start + .days(1)))
    #expect(!known.contains(8, of: 1, at: TestKDC.start + .days(31)))
    for name in 2...5000 as ClosedRange<UInt64> {
      known.insert(7, of: name, at: TestKDC.start + .days(2))
    }
    let left = (1...5000 as ClosedRange<UInt64>).count {
      known.contains(7, of: $0, at: TestKDC.start + .days(3))
    }
    #expect(left == 100)
  }
}
