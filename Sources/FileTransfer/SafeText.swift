/// Text from the other side, made fit for a terminal or a line of a log (CVE-2023-43620).
///
/// Whatever steers a terminal, breaks a line, turns the direction of writing or is not seen at all
/// is shown by its number, as in `\u{202E}`, and a backslash as `\\`, so that nothing can pose as
/// something else.
public struct SafeText: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// - Parameter limit: How many Unicode scalars at most, an ellipsis included that stands for the
  ///   rest. At least 1.
  public init(_ text: String, limit: Int) {
    precondition(limit >= 1)
    var output = ""
    var count = 0
    // How many bytes of the output leave room for the ellipsis.
    var head = 0
    for scalar in text.unicodeScalars {
      let shown = Self.shown(scalar)
      output += shown
      count += shown.unicodeScalars.count
      if count < limit { head = output.utf8.count }
      if count > limit {
        output = String(decoding: output.utf8.prefix(head), as: UTF8.self) + "…"
        break
      }
    }
    description = output
  }

  /// The same for bytes that may not be UTF-8; what is not is shown as `\u{FFFD}`.
  public init(bytes: [UInt8], limit: Int) {
    self.init(String(decoding: bytes, as: UTF8.self), limit: limit)
  }

  private static func shown(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\\" { return "\\\\" }
    guard isHidden(scalar) else { return String(scalar) }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "\\u{\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)}"
  }

  /// Whether a character is shown by its number.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
      .unassigned:
      true
    default:
      // Fillers and variation selectors are letters and marks by category, yet show nothing. The
      // replacement character stands for bytes that were no text.
      scalar.properties.isDefaultIgnorableCodePoint || scalar == "\u{FFFD}"
    }
  }
}
