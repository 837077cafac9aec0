/// A report as one page of HTML that is XML, too: no scripts, and nothing is loaded.
public struct ReportPage {
  private let report: AuditReport
  private let verdict: AuditVerdict
  private let hasKey: Bool

  /// - Parameter hasKey: whether MACs were verified with the initial key.
  public init(_ report: AuditReport, _ verdict: AuditVerdict, hasKey: Bool) {
    self.report = report
    self.verdict = verdict
    self.hasKey = hasKey
  }

  public func html() -> String {
    """
    <!DOCTYPE html>
    <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta http-equiv="Content-Security-Policy" \
    content="default-src 'none'; style-src 'unsafe-inline'"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>Audit of a KDC</title>
    <style>\(ReportStyle.sheet)</style>
    </head>
    <body>
    <main>
    \(heading)\(verification)\(tiles)\(timeline)\(talk)\(refusals)\(kinds)
    </main>
    </body>
    </html>

    """
  }

  // MARK: Above the plots

  private var heading: String {
    let period = report.period.map {
      "\(ReportTime.text($0.lowerBound)) to \(ReportTime.text($0.upperBound)) UTC"
    }
    return """
      <header><h1>Audit of a KDC</h1>
      <p class="realm">\(Markup.escape(report.realm ?? "unknown realm"))</p>
      <p>\(period ?? "no record has a time")</p></header>

      """
  }

  private var verification: String {
    var text = ""
    if verdict.isGood {
      text += "<strong>Nothing was changed.</strong> "
    } else {
      let problems = Self.counted(verdict.findingCount, "problem")
      text += "<strong>\(problems): this trail was changed.</strong> "
    }
    text += """
      \(Markup.grouped(verdict.recordCount)) records, \
      \(Markup.grouped(verdict.authenticCount)) MACs and \
      \(Markup.grouped(verdict.checkpointCount)) checkpoints verified\
      \(hasKey ? "" : ", without the initial key")\
      \(verdict.hasState ? "." : "; without the chain state a cut tail is not found.")
      """
    if report.unrecorded > 0 {
      text += " \(Markup.grouped(report.unrecorded)) events have no record, by its own account."
    }
    if !verdict.isGood {
      let shown = verdict.findings.prefix(20).map { "<li>\(Markup.escape("\($0)"))</li>" }
      text += "<ul>\(shown.joined())</ul>"
    }
    return "<section class=\"verdict \(verdict.isGood ? "good" : "bad")\">\(text)</section>\n"
  }

  private var tiles: String {
    let numbers: [(String, String, String)] = [
      ("logged-in", "logins", "logins"), ("key-issued", "keys", "keys issued"),
      ("refused", "refusals", "refusals"), ("registered", "", "registrations"),
      ("announced", "", "receivers announced"),
    ]
    let tiles = numbers.map { event, style, label in
      """
      <div class="tile \(style)"><b>\(Markup.grouped(report.events.counts[event] ?? 0))</b>\
      <span>\(label)</span></div>
      """
    }
    return "<section class=\"tiles\">\(tiles.joined())</section>\n"
  }

  // MARK: Plots

  private var timeline: String {
    guard report.series.spans != nil else { return "" }
    let plots: [(String, String, TimeSeries.Kind)] = [
      ("Logins", "logins", .logins), ("Keys issued", "keys", .keys),
      ("Refusals", "refusals", .refusals),
    ]
    let figures = plots.map { title, style, kind in
      "<figure><figcaption>\(title)</figcaption>"
        + TimeChart(title: title, style: style, kind: kind, series: report.series).svg()
        + "</figure>"
    }
    return """
      <section><h2>Over time</h2>
      <p class="note">Each column is \(Self.spanText(report.series.width)), in UTC.</p>
      \(figures.joined())</section>

      """
  }

  private var talk: String {
    guard !report.pairs.counts.isEmpty else {
      return "<section><h2>Who talks to whom</h2><p class=\"note\">Nobody asked.</p></section>\n"
    }
    let matrix = TalkMatrix(report.pairs)
    let hidden =
      matrix.hidden > 0
      ? " \(Markup.grouped(matrix.hidden)) more keys are of names that are not shown." : ""
    return """
      <section><h2>Who talks to whom</h2>
      <p class="note">Keys that the name at the left asked for to talk to the name above, \
      the most frequent first.\(hidden)</p>
      <div class="wide">\(matrix.svg())</div></section>

      """
  }

  private var refusals: String {
    guard !report.reasons.counts.isEmpty else { return "" }
    return """
      <section class="pair"><div><h2>Refusals by reason</h2>
      \(Self.bars(report.reasons.top(12)))</div>
      <div><h2>Refusals by source</h2>
      \(Self.bars(report.refusedSources.top(12)))</div></section>

      """
  }

  private var kinds: String {
    let rows = report.events.top(40).map {
      "<tr><td>\(Markup.escape($0.key))</td><td>\(Markup.grouped($0.count))</td></tr>"
    }
    return """
      <section><h2>All records</h2><table><tr><th>event</th><th>records</th></tr>\(rows.joined())\
      </table></section>
      """
  }

  /// A list with a bar behind each number.
  private static func bars(_ rows: [(key: String, count: Int)]) -> String {
    let most = max(1, rows.first?.count ?? 1)
    let items = rows.map { row in
      """
      <li><span>\(Markup.escape(row.key))</span><b>\(Markup.grouped(row.count))</b>\
      <svg class="refusals" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">\
      <rect class="column" width="\(max(1, row.count * 100 / most))" height="1"/></svg></li>
      """
    }
    return "<ol class=\"bars\">\(items.joined())</ol>"
  }

  static func spanText(_ seconds: Int) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    for (length, name) in units where seconds.isMultiple(of: length) {
      return counted(seconds / length, name)
    }
    return ""
  }

  private static func counted(_ count: Int, _ name: String) -> String {
    "\(Markup.grouped(count)) \(name)\(count == 1 ? "" : "s")"
  }
}
