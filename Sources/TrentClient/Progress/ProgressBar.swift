/// How far a transfer has come, in one line of a terminal.
struct ProgressBar {
  /// Safe to show.
  let title: String
  /// In bytes; nil when nobody knows.
  let total: UInt64?

  private static let barWidth = 20
  private static let titleWidth = 24

  /// - Parameters:
  ///   - byteCount: how many bytes are there.
  ///   - rate: bytes a second; 0 as long as there is none to tell.
  ///   - width: columns of the terminal; a longer line is cut.
  func line(at byteCount: UInt64, rate: Double, width: Int) -> String {
    var parts = [Self.cut(title, to: Self.titleWidth)]
    if let total {
      let share = total == 0 ? 1 : min(1, Double(byteCount) / Double(total))
      let filled = Int(share * Double(Self.barWidth))
      let bar = String(repeating: "#", count: filled)
      parts.append("[" + bar + String(repeating: "-", count: Self.barWidth - filled) + "]")
      parts.append("\(Int(share * 100))%")
      parts.append("\(Self.size(byteCount)) of \(Self.size(total))")
    } else {
      parts.append(Self.size(byteCount))
    }
    if rate >= 1 {
      parts.append("\(Self.size(UInt64(min(rate, 1e18))))/s")
      if let total, byteCount < total {
        parts.append("\(Self.time(Double(total - byteCount) / rate)) left")
      }
    }
    // The last column would wrap on some terminals.
    return Self.cut(parts.joined(separator: "  "), to: max(0, width - 1))
  }

  /// At most three digits and a unit: powers of ten, as disks and networks are sold.
  static func size(_ byteCount: UInt64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    var value = Double(byteCount)
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    guard unit > 0, value < 9.95 else { return "\(Int(value.rounded())) \(units[unit])" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  static func time(_ seconds: Double) -> String {
    guard seconds < 360_000 else { return "days" }
    let whole = Int(seconds.rounded(.up))
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
  }

  /// The beginning of a text that fits into so many columns. What is no ASCII may take two.
  private static func cut(_ text: String, to width: Int) -> String {
    var columns = 0
    var end = text.unicodeScalars.startIndex
    for index in text.unicodeScalars.indices {
      columns += text.unicodeScalars[index].isASCII ? 1 : 2
      guard columns <= width else { return String(text.unicodeScalars[..<end]) }
      end = text.unicodeScalars.index(after: index)
    }
    return text
  }
}
