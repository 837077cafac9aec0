import Testing

@testable import TrentClient

/// What a terminal shows of a transfer.
@Suite struct ProgressBarTests {
  private let megabyte: UInt64 = 1_000_000

  @Test func aBarTellsShareBytesRateAndTimeLeft() {
    let bar = ProgressBar(title: "\"report.pdf\"", total: 200 * megabyte)
    #expect(
      bar.line(at: 50 * megabyte, rate: 2.5e6, width: 200)
        == "\"report.pdf\"  [#####---------------]  25%  50 MB of 200 MB  2.5 MB/s  1 min 0 s left")
    #expect(bar.line(at: 0, rate: 0, width: 200).hasSuffix("  0%  0 B of 200 MB"))
    let end = bar.line(at: 200 * megabyte, rate: 1e6, width: 200)
    #expect(end.contains("[####################]  100%") && !end.contains("left"))
  }

  @Test func withoutATotalThereIsNoBar() {
    let bar = ProgressBar(title: "a stream", total: nil)
    #expect(bar.line(at: 1500, rate: 1000, width: 200) == "a stream  1.5 kB  1.0 kB/s")
  }

  @Test func nothingIsDividedByZero() {
    #expect(ProgressBar(title: "x", total: 0).line(at: 0, rate: 0, width: 80).contains("100%"))
    let slow = ProgressBar(title: "x", total: .max).line(at: 1, rate: 1, width: 200)
    #expect(slow.contains("days left"))
  }

  @Test(arguments: [0, 1, 2, 20, 40, 80])
  func aLineNeverWraps(width: Int) {
    let title = "\"\(String(repeating: "漢", count: 50))\""
    let line = ProgressBar(title: title, total: 10).line(at: 5, rate: 5, width: width)
    let columns = line.unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 2) }
    #expect(columns <= max(0, width - 1))
  }

  @Test(
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB"),
      (999_499, "999 kB"), (999_500, "1.0 MB"), (UInt64.max, "18 EB"),
    ] as [(UInt64, String)])
  func sizesHaveAtMostThreeDigits(size: UInt64, text: String) {
    #expect(ProgressBar.size(size) == text)
  }

  @Test(
    arguments: [
      (0, "0 s"), (0.2, "1 s"), (59, "59 s"), (60, "1 min 0 s"), (3601, "1 h 0 min"),
      (1e30, "days"),
    ] as [(Double, String)])
  func timesAreShort(seconds: Double, text: String) {
    #expect(ProgressBar.time(seconds) == text)
  }
}
