import SecretMemory
import Testing
import Wire

@Suite("Moments and intervals")
struct TimestampTests {
  private let last = Timestamp(milliseconds: .max)
  private let first = Timestamp(milliseconds: 0)

  @Test("HOSTILE A 4: sums and differences saturate instead of overflowing")
  func saturation() {
    #expect(last + .milliseconds(1) == last)
    #expect(last + Interval(milliseconds: .max) == last)
    #expect(first - .milliseconds(1) == first)
    #expect(first - Interval(milliseconds: .max) == first)
    #expect(Interval(milliseconds: .max) + .milliseconds(1) == Interval(milliseconds: .max))
    #expect(first.since(last) == .milliseconds(0))
    #expect(last.since(first) == Interval(milliseconds: .max))
  }

  @Test(
    "Intervals are read as people write them",
    arguments: [("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("0s", 0)])
  func readable(text: String, seconds: UInt64) { #expect(Interval(text) == .seconds(seconds)) }

  @Test(
    "Other texts are no intervals",
    arguments: ["", "d", "7", "7w", "-1h", "+1h", " 1h", "1 h", "1.5h", "4294967296d", "7D", "٧d"])
  func unreadable(text: String) { #expect(Interval(text) == nil) }

  @Test("Arithmetic in between is exact")
  func arithmetic() {
    let noon = Timestamp(milliseconds: 1_000_000)
    #expect((noon + .seconds(5)).milliseconds == 1_005_000)
    #expect((noon - .seconds(5)).milliseconds == 995_000)
    #expect((noon + .minutes(1)).since(noon) == .seconds(60))
    #expect(noon.since(noon) == .milliseconds(0))
    #expect(Interval.days(1) == .hours(24))
    #expect(Interval.hours(1) == .minutes(60))
    #expect(Interval.minutes(2) + .seconds(3) == .milliseconds(123_000))
    #expect(noon < noon + .milliseconds(1))
    #expect(Interval.seconds(1) < .milliseconds(1001))
  }

  @Test("In a message a moment is eight bytes", arguments: [0, 1, 1_767_225_600_000, UInt64.max])
  func roundTrip(milliseconds: UInt64) throws {
    let moment = Timestamp(milliseconds: milliseconds)
    let bytes = written { $0.timestamp(moment) }
    #expect(bytes.count == 8)
    var reader = ByteReader(bytes.bytes)
    let again = try reader.timestamp()
    try reader.finish()
    #expect(again == moment)
    #expect(
      wireError([UInt8](bytes.dropLast())) { (reader) throws(WireError) in
        _ = try reader.timestamp()
      } == .truncated)
  }
}
