/// Text as it may stand in a page, in an element or a quoted attribute. Names come from strangers.
enum Markup {
  /// Longer texts are cut.
  private static let limit = 120

  /// What has a meaning in HTML is escaped; characters that nobody sees, or that turn the direction
  /// of writing, are shown by number.
  static func escape(_ text: String) -> String {
    var escaped = ""
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else { return escaped + "\u{2026}" }
      count += 1
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: append(scalar, to: &escaped)
      }
    }
    return escaped
  }

  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse,
      .surrogate:
      text += "\\u{\(String(scalar.value, radix: 16))}"
    default: text.unicodeScalars.append(scalar)
    }
  }

  /// 1234567 as 1 234 567, with spaces that do not break.
  static func grouped(_ number: Int) -> String {
    let digits = String(number)
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place).isMultiple(of: 3) { text += "\u{202f}" }
      text.append(digit)
    }
    return text
  }
}
