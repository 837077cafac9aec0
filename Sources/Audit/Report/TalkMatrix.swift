/// Who asked for keys to talk to whom: a field for each pair, the darker the more, as SVG.
struct TalkMatrix {
  private static let (limit, field, left, top) = (18, 40, 170, 132)
  private static let letters = 20

  private let counts: [AuditReport.Pair: Int]
  private let askers: [String]
  private let peers: [String]
  /// How many keys are of pairs that are not shown.
  let hidden: Int

  init(_ pairs: Tally<AuditReport.Pair>) {
    counts = pairs.counts
    let askers = Self.top(counts, by: \.asker)
    let peers = Self.top(counts, by: \.peer)
    let (askerSet, peerSet) = (Set(askers), Set(peers))
    let outside = counts.filter { pair, _ in
      !askerSet.contains(pair.asker) || !peerSet.contains(pair.peer)
    }
    hidden = outside.values.reduce(pairs.others, +)
    (self.askers, self.peers) = (askers, peers)
  }

  private static func top(
    _ counts: [AuditReport.Pair: Int], by name: KeyPath<AuditReport.Pair, String>
  ) -> [String] {
    var sums: [String: Int] = [:]
    for (pair, count) in counts { sums[pair[keyPath: name], default: 0] += count }
    let sorted = sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    return sorted.prefix(limit).map(\.key)
  }

  func svg() -> String {
    let width = Self.left + peers.count * Self.field + 90
    let height = Self.top + askers.count * Self.field + 8
    let most = counts.values.max() ?? 1
    var svg = """
      <svg class="matrix" viewBox="0 0 \(width) \(height)" width="\(width)" role="img" \
      aria-label="Who asked for keys to talk to whom">

      """
    for (column, peer) in peers.enumerated() {
      let x = Self.left + column * Self.field + Self.field / 2
      svg += """
        <text class="axis" transform="translate(\(x + 4) \(Self.top - 10)) rotate(-45)">\
        \(Self.short(peer))</text>

        """
    }
    for (row, asker) in askers.enumerated() {
      let y = Self.top + row * Self.field
      svg += """
        <text class="axis" x="\(Self.left - 10)" y="\(y + Self.field / 2 + 4)" \
        text-anchor="end">\(Self.short(asker))</text>

        """
      for (column, peer) in peers.enumerated() {
        let count = counts[AuditReport.Pair(asker: asker, peer: peer)] ?? 0
        svg += Self.field(
          x: Self.left + column * Self.field, y: y, count, of: most,
          title: "\(Markup.escape(asker)) \u{2192} \(Markup.escape(peer)): \(count)")
      }
    }
    return svg + "</svg>\n"
  }

  private static func field(
    x: Int, y: Int, _ count: Int, of most: Int, title: String
  ) -> String {
    let side = field - 4
    guard count > 0 else {
      return """
        <rect class="none" x="\(x + 2)" y="\(y + 2)" width="\(side)" height="\(side)" rx="4"/>

        """
    }
    // Seven steps, by powers: one pair that talks all the time does not make all others pale.
    var (shade, reach) = (7, most)
    while shade > 1, count * 2 <= reach { (shade, reach) = (shade - 1, reach / 2) }
    return """
      <g><title>\(title)</title><rect class="talk s\(shade)" x="\(x + 2)" y="\(y + 2)" \
      width="\(side)" height="\(side)" rx="4"/><text class="count s\(shade)" \
      x="\(x + field / 2)" y="\(y + field / 2 + 4)" text-anchor="middle">\(compact(count))</text>\
      </g>

      """
  }

  private static func compact(_ count: Int) -> String {
    switch count {
    case ..<10_000: String(count)
    case ..<10_000_000: "\(count / 1000)k"
    default: "\(count / 1_000_000)M"
    }
  }

  private static func short(_ name: String) -> String {
    name.count <= letters
      ? Markup.escape(name) : Markup.escape(String(name.prefix(letters - 1))) + "\u{2026}"
  }
}
