import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The replay cache")
struct ReplayCacheTests {
  private let start = TestKDC.start

  private func tag(_ number: Int) -> ReplayTag {
    ReplayTag(SHA256.hash(text("tag \(number)").bytes).bytes)
  }

  @Test("A tag is fresh once")
  func once() {
    var cache = ReplayCache(window: .seconds(120), limit: 10, now: start)
    #expect(cache.insert(tag(1), at: start) == .fresh)
    #expect(cache.insert(tag(1), at: start) == .replayed)
    #expect(cache.insert(tag(2), at: start) == .fresh)
  }

  @Test("Every tag is remembered for the whole window, wherever in it the cache turned")
  func window() {
    let window = Interval.seconds(120)
    for offset in stride(from: UInt64(0), through: 360_000, by: 7_000) {
      var cache = ReplayCache(window: window, limit: 100, now: start)
      let inserted = start + .milliseconds(offset)
      #expect(cache.insert(tag(0), at: inserted) == .fresh)
      // What else comes in must not push it out.
      var number = 1
      for later in stride(from: UInt64(0), through: window.milliseconds, by: 9_000) {
        #expect(cache.insert(tag(number), at: inserted + .milliseconds(later)) == .fresh)
        #expect(cache.insert(tag(0), at: inserted + .milliseconds(later)) == .replayed)
        number += 1
      }
      #expect(cache.insert(tag(0), at: inserted + window) == .replayed)
    }
  }

  @Test("After two windows everything is forgotten, whether something came in between or not")
  func forgetting() {
    for isBusy in [false, true] {
      var cache = ReplayCache(window: .seconds(120), limit: 3, now: start)
      for number in 0..<3 { #expect(cache.insert(tag(number), at: start) == .fresh) }
      if isBusy { _ = cache.insert(tag(9), at: start + .seconds(130)) }
      let later = start + .seconds(240)
      #expect(cache.insert(tag(0), at: later + .seconds(10)) == .fresh)
      #expect(cache.insert(tag(1), at: later + .seconds(10)) == .fresh)
    }
  }

  @Test("HOSTILE G 24: the limit holds over both halves; what is known stays known")
  func limit() {
    var cache = ReplayCache(window: .seconds(120), limit: 4, now: start)
    #expect(cache.insert(tag(0), at: start) == .fresh)
    #expect(cache.insert(tag(1), at: start) == .fresh)
    let turned = start + .seconds(121)
    #expect(cache.insert(tag(2), at: turned) == .fresh)
    #expect(cache.insert(tag(3), at: turned) == .fresh)
    #expect(cache.insert(tag(4), at: turned) == .full)
    #expect(cache.insert(tag(0), at: turned) == .replayed)
    #expect(cache.insert(tag(3), at: turned) == .replayed)
    #expect(cache.insert(tag(4), at: turned + .seconds(121)) == .fresh)
  }

  @Test("A clock that is set back forgets nothing")
  func clockSetBack() {
    var cache = ReplayCache(window: .seconds(120), limit: 10, now: start)
    #expect(cache.insert(tag(0), at: start) == .fresh)
    #expect(cache.insert(tag(0), at: start - .hours(1)) == .replayed)
    #expect(cache.insert(tag(1), at: Timestamp(milliseconds: 0)) == .fresh)
    #expect(cache.insert(tag(1), at: start) == .replayed)
  }
}
