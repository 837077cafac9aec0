import FileTransfer
import Testing

/// CVE-2023-43620: names and messages from the other side reached the terminal as they were.
@Suite("SafeText (CVE-2023-43620)") struct SafeTextTests {
  private func shown(_ text: String) -> String { SafeText(text, limit: 1000).description }

  @Test(arguments: [
    "report.pdf", "Übersicht 2026.txt", "日本語", "שלום", "e\u{301}", "🙂", "a b", "~'\"$`;|&",
    "",
  ])
  func ordinaryTextStaysAsItIs(text: String) {
    #expect(Array(shown(text).unicodeScalars) == Array(text.unicodeScalars))
  }

  @Test func escapeSequencesAreShown() {
    #expect(shown("\u{1b}[2J\u{1b}]0;title\u{7}") == #"\u{001B}[2J\u{001B}]0;title\u{0007}"#)
    #expect(shown("\u{9b}31m") == #"\u{009B}31m"#)
  }

  @Test func everyControlCharacterIsShown() {
    for value in Array(0x00...0x1f) + Array(0x7f...0x9f) {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
      let digits = String(value, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: 4 - digits.count) + digits
      #expect(shown("a\(scalar)b") == "a\\u{\(padded)}b")
    }
  }

  @Test func linesCannotBeForged() {
    #expect(shown("a\r\nb") == #"a\u{000D}\u{000A}b"#)
    #expect(shown("a\u{2028}b\u{2029}c\u{85}d") == #"a\u{2028}b\u{2029}c\u{0085}d"#)
  }

  @Test(
    arguments: [
      0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x200e, 0x200f,
      0x061c,
    ] as [UInt32])
  func directionCannotBeTurned(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    let digits = String(value, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: 4 - digits.count) + digits
    #expect(shown("invoice\(scalar)fdp.exe") == "invoice\\u{\(padded)}fdp.exe")
  }

  /// Zero-width, fillers, variation selectors, tags, interlinear marks, private use, unassigned,
  /// noncharacters.
  @Test(
    arguments: [
      0x200b, 0x200c, 0x200d, 0x2060, 0xfeff, 0x00ad, 0x115f, 0x3164, 0xffa0, 0x034f, 0xfe0f,
      0x180e,
      0xe0001, 0xe0041, 0xfff9, 0xe000, 0xf0000, 0x0378, 0xfffe, 0x10ffff,
    ] as [UInt32])
  func whatIsNotSeenIsShown(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    let text = shown("a\(scalar)b")
    #expect(text.hasPrefix(#"a\u{"#) && text.hasSuffix("}b"))
    #expect(text.unicodeScalars.allSatisfy { $0.isASCII })
  }

  @Test func backslashCannotPoseAsAnEscape() {
    #expect(shown(#"\u{001B}"#) == #"\\u{001B}"#)
    #expect(shown(#"\\"#) == #"\\\\"#)
  }

  @Test func invalidUTF8IsShown() {
    #expect(
      SafeText(bytes: [0x61, 0xff, 0x62], limit: 50).description == #"a\u{FFFD}b"#)
    #expect(SafeText(bytes: [0xc0], limit: 50).description == #"\u{FFFD}"#)
  }

  @Test func longTextIsCutAndNeverWithinAnEscape() {
    #expect(SafeText("abcde", limit: 5).description == "abcde")
    #expect(SafeText("abcdef", limit: 5).description == "abcd…")
    #expect(SafeText("ab", limit: 1).description == "…")
    #expect(SafeText("a\u{1b}b", limit: 5).description == "a…")
    #expect(SafeText("a\u{1b}", limit: 9).description == #"a\u{001B}"#)
    #expect(SafeText("a\u{1b}c", limit: 9).description == "a…")
    #expect(
      SafeText(String(repeating: "\u{1b}", count: 100_000), limit: 20).description.count <= 20)
  }

  /// Marks piled on one letter count one by one: they could cover the lines above.
  @Test func piledMarksAreCut() {
    let text = SafeText("a" + String(repeating: "\u{301}", count: 1000), limit: 10)
    #expect(text.description.unicodeScalars.count == 10)
  }
}
