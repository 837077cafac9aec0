/// Columns over time, one for each span that has events, as SVG.
struct TimeChart {
  private static let (width, height) = (1000, 190)
  private static let (left, right, top, bottom) = (64, 16, 14, 30)
  /// Between two marks of the axis of time, which are at least so far apart.
  private static let fewestUnits = 110
  /// Half of the longest text at a mark, less the margin.
  private static let textReach = 32

  let title: String
  /// A class of the style sheet, which colours it.
  let style: String
  let kind: TimeSeries.Kind
  let series: TimeSeries

  private var plotWidth: Int { Self.width - Self.left - Self.right }
  private var plotHeight: Int { Self.height - Self.top - Self.bottom }

  func svg() -> String {
    guard let spans = series.spans else { return "" }
    let counts = spans.map { series.count(kind, in: $0) }
    let total = counts.reduce(0, +)
    let scale = CountScale(covering: counts.max() ?? 0)
    var svg = """
      <svg class="\(style)" viewBox="0 0 \(Self.width) \(Self.height)" role="img" \
      aria-label="\(title): \(total)">

      """
    for mark in scale.marks {
      let y = Self.top + plotHeight - plotHeight * mark / scale.top
      svg += """
        <line class="grid" x1="\(Self.left)" x2="\(Self.width - Self.right)" y1="\(y)" y2="\(y)"/>\
        <text class="axis" x="\(Self.left - 10)" y="\(y + 4)" text-anchor="end">\
        \(Markup.grouped(mark))</text>

        """
    }
    svg += timeMarks(spans)
    for (place, count) in counts.enumerated() where count > 0 {
      svg += column(place, of: counts.count, count, scale, span: spans.lowerBound + place)
    }
    return svg + "</svg>\n"
  }

  /// In hundredths of a unit: with a hundred spans a unit is too coarse.
  private func position(_ place: Int, of count: Int) -> String {
    let hundredths = Self.left * 100 + plotWidth * 100 * place / max(count, 1)
    return Self.decimal(hundredths)
  }

  private static func decimal(_ hundredths: Int) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  private func column(
    _ place: Int, of spans: Int, _ count: Int, _ scale: CountScale, span: Int
  ) -> String {
    // Something is seen of the smallest count.
    let height = max(2, plotHeight * count / scale.top)
    let breadth = plotWidth * 100 / spans
    let gap = min(breadth / 5, 200)
    // A few spans do not become walls.
    let drawn = min(breadth - gap, 4000)
    let x = Self.left * 100 + breadth * place + (breadth - drawn) / 2
    let begin = ReportTime.text(span * series.width)
    return """
      <rect class="column" x="\(Self.decimal(x))" y="\(Self.top + plotHeight - height)" \
      width="\(Self.decimal(drawn))" height="\(height)" rx="\(drawn > 800 ? 2 : 0)">\
      <title>\(begin), \(ReportPage.spanText(series.width)): \(Markup.grouped(count))</title>\
      </rect>

      """
  }

  private func timeMarks(_ spans: ClosedRange<Int>) -> String {
    let covered = spans.count * series.width
    let widest = covered * Self.fewestUnits / plotWidth
    let step = Self.steps.first { $0 >= max(widest, series.width) } ?? covered
    let start = spans.lowerBound * series.width
    var moment = (start + step - 1) / step * step
    let base = Self.top + plotHeight
    var svg = """
      <line class="base" x1="\(Self.left)" x2="\(Self.width - Self.right)" y1="\(base)" \
      y2="\(base)"/>

      """
    while moment <= start + covered {
      let x = Self.decimal(Self.left * 100 + plotWidth * 100 * (moment - start) / covered)
      // At the right end half of the text would stick out.
      let isLast = plotWidth * (start + covered - moment) / covered < Self.textReach
      svg += """
        <line class="base" x1="\(x)" x2="\(x)" y1="\(base)" y2="\(base + 5)"/>\
        <text class="axis" x="\(x)" y="\(base + 20)" text-anchor="\(isLast ? "end" : "middle")">\
        \(ReportTime.axisText(moment, step: step))</text>

        """
      moment += step
    }
    return svg
  }

  /// What marks may be apart, in seconds.
  private static let steps = [
    1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    172_800, 604_800, 1_209_600, 2_419_200, 7_257_600, 31_536_000, 315_360_000, 3_153_600_000,
  ]
}

/// An axis of counts: from nothing to a round number, with marks at round numbers.
struct CountScale {
  let top: Int
  let step: Int

  init(covering count: Int) {
    var step = 1
    // At most four steps.
    for factor in [2, 5, 10, 20, 50, 100, 200, 500] where step * 4 < count { step = factor }
    while step * 4 < count, step < Int.max / 100 { step *= 10 }
    self.step = step
    top = max(1, (count + step - 1) / step) * step
  }

  var marks: [Int] { Array(stride(from: 0, through: top, by: step)) }
}
