import Testing

@testable import Audit

/// The page about a trail: what it counts, and what strangers put into it.
@Suite struct AuditReportTests {
  private func line(_ time: String, _ members: String) -> [UInt8] {
    [UInt8](#"{"n":0,"time":"\#(time)",\#(members),"mac":"00"}"#.utf8)
  }

  private func page(_ lines: [[UInt8]]) -> String {
    var report = AuditReport()
    var verifier = AuditVerifier(identities: [], initialKey: nil, state: nil)
    for line in lines {
      report.take(line)
      verifier.take(line)
    }
    return ReportPage(report, verifier.finish(isTorn: false), hasKey: false).html()
  }

  @Test("It counts logins, keys, refusals, pairs and reasons")
  func counted() {
    var report = AuditReport()
    for minute in 10..<40 {
      let time = "2026-03-04T05:\(minute):07.000Z"
      report.take(line(time, #""event":"logged-in","name":"alice","from":"192.0.2.1:5""#))
      report.take(line(time, #""event":"key-issued","name":"alice","for":"bob""#))
      report.take(
        line(time, #""event":"refused","reason":"wrong proof","from":"[2001:db8::1]:\#(minute)""#))
    }
    report.take(line("2026-03-04T05:50:00.000Z", #""event":"gap","events":7,"reason":"full""#))
    report.take([UInt8]("no record".utf8))
    #expect(report.events.counts["logged-in"] == 30)
    #expect(report.pairs.counts == [AuditReport.Pair(asker: "alice", peer: "bob"): 30])
    #expect(report.reasons.counts == ["wrong proof": 30])
    #expect(report.refusedSources.counts == ["[2001:db8::1]": 30])
    #expect(report.unrecorded == 7)
    #expect(report.series.width == 30)
    let spans = report.series.spans ?? 0...0
    for kind in TimeSeries.Kind.allCases {
      #expect(spans.map { report.series.count(kind, in: $0) }.reduce(0, +) == 30)
    }
  }

  @Test("Moments are read and written as the calendar has them")
  func moments() {
    for (text, seconds) in [
      ("1970-01-01T00:00:00.000Z", 0), ("2000-02-29T12:00:01.999Z", 951_825_601),
      ("2026-11-21T17:01:24.594Z", 1_795_280_484), ("2100-03-01T00:00:00.000Z", 4_107_542_400),
    ] {
      #expect(ReportTime.seconds(text) == seconds)
      let expected = text.prefix(19).replacing("T", with: " ")
      #expect(ReportTime.text(seconds) == String(expected))
    }
    for text in ["", "2026-13-01T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01 00:00"] {
      #expect(ReportTime.seconds(text) == nil)
    }
  }

  @Test("HOSTILE: names, reasons, realms and addresses with markup in them are text")
  func hostile() {
    let bad = #"\u0022>\u003cscript>alert('x')\u003c/script>\u0026amp;\u0000\u202e\uffff"#
    let html = page([
      line("2026-03-04T05:06:07.000Z", #""event":"started","realm":"\#(bad)""#),
      line("2026-03-04T05:06:07.000Z", #""event":"key-issued","name":"\#(bad)","for":"\#(bad)""#),
      line("2026-03-04T05:06:07.000Z", #""event":"refused","reason":"\#(bad)","from":"\#(bad):1""#),
      line("2026-03-04T05:06:07.000Z", #""event":"\#(bad)""#),
    ])
    #expect(!html.contains("<script") && !html.contains("alert('"))
    let shown = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;\\u{0}\\u{202e}"
    // Realm, pair (twice in its title), reason, source, event.
    #expect(html.components(separatedBy: shown) >= 6)
  }

  @Test("The page has no scripts, no links, and loads nothing")
  func wellFormed() {
    for html in [page([]), page([line("x", #""event":"logged-in""#)])] {
      for word in ["<script", "src=", "href=", "url(", "@import", "onload", "javascript:"] {
        #expect(!html.contains(word), "\(word)")
      }
      #expect(html.contains("default-src 'none'"))
    }
  }

  @Test("Times that are ages apart, many names and huge counts stay bounded")
  func bounded() {
    var report = AuditReport()
    for year in stride(from: 1970, through: 9999, by: 3) {
      report.take(line("\(year)-01-01T00:00:00.000Z", #""event":"logged-in""#))
    }
    #expect((report.series.spans ?? 0...0).count <= 96)
    for number in 0..<20_000 {
      report.take(
        line("2026-01-01T00:00:00.000Z", #""event":"key-issued","name":"\#(number)","for":"b""#))
    }
    #expect(report.pairs.counts.count == 10_000 && report.pairs.others == 10_000)
    for _ in 0..<3 {
      report.take(
        line("2026-01-01T00:00:00.000Z", #""event":"gap","events":9223372036854775807"#))
    }
    let verifier = AuditVerifier(identities: [], initialKey: nil, state: nil)
    let html = ReportPage(report, verifier.finish(isTorn: false), hasKey: true).html()
    #expect(html.utf8.count < 200_000)
  }

  @Test("The last mark of an axis of time does not stick out")
  func lastMark() {
    let html = page([
      line("2026-03-04T05:06:07.000Z", #""event":"logged-in""#),
      line("2026-03-04T05:06:09.000Z", #""event":"logged-in""#),
    ])
    #expect(html.contains(#"text-anchor="end">05:06:10</text>"#))
    #expect(html.contains(#"text-anchor="middle">05:06:07</text>"#))
  }

  @Test("An axis ends at a round number above the largest count, with few marks")
  func scales() {
    for count in [0, 1, 4, 5, 9, 99, 1001, 123_456, .max / 1000] {
      let scale = CountScale(covering: count)
      #expect(scale.top >= count && (2...5).contains(scale.marks.count))
    }
  }
}

extension String {
  /// How many times `separator` is in it.
  fileprivate func components(separatedBy separator: String) -> Int {
    ranges(of: separator).count
  }
}
