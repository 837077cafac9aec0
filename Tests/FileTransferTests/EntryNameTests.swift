import FileTransfer
import Testing

/// Names that have broken peers of this program (HOSTILE E.19 and F.22), and their like.
private let badNames: [String] = [
  "", ".", "..", "/", "a/b", "/etc/passwd", "..\\..\\x", "C:", "C:\\x", "x:stream",
  "\\\\host\\share",
  "\0", "a\0b", "\n", "a\nb", "a\rb", "tab\t", "\u{7}bell", "\u{1b}[2J", "\u{7f}", "\u{85}",
  "\u{9b}31m", "zero\u{200b}width", "join\u{200d}er", "\u{feff}mark", "invoice\u{202e}fdp.exe",
  "\u{2066}isolate", "line\u{2028}separator", "paragraph\u{2029}separator", "soft\u{ad}hyphen",
  "filler\u{3164}", "selector\u{fe0f}", "tag\u{e0041}", "private\u{e000}", "unassigned\u{378}",
  "non\u{ffff}character", "broken\u{fffd}", " leading", "trailing ", "\u{a0}blank", "blank\u{3000}",
  "dot.", "dots...", "...", "CON", "con", "Con.txt", "PRN", "aux.c", "NUL", "nul.tar.gz", "COM1",
  "com9.log", "COM¹", "LPT3", "lpt0.x", "CONIN$", "conout$", "nul .txt", "e\u{301}", "A\u{30a}",
  "\u{212b}", "\u{1100}\u{1161}", ".trent-0123456789abcdef.partial", ".trent-x.partial",
  ".TRENT-0123456789ABCDEF.PARTIAL", String(repeating: "x", count: 256),
  String(repeating: "é", count: 128),
]

private let goodNames: [String] = [
  "a", "report.pdf", ".hidden", "..x", "a..b", "Ärger.txt", "日本語", "файл", "🙂.png", "a b", "-rf",
  "~", "$HOME", "*", "a\"b'c", "con1", "console", "nul-l", "com", "x.con", "é",
  ".trent", "trent-x.partial", ".x.partial", String(repeating: "x", count: 255), "\u{ac00}",
]

@Suite struct EntryNameTests {
  @Test(arguments: badNames) func badNamesAreNotClean(name: String) {
    #expect(!EntryName.isClean(name))
    #expect(EntryPath(name) == nil || name == "a/b")
    #expect(EntryPath("folder/" + name) == nil || name == "a/b")
  }

  @Test(arguments: goodNames) func goodNamesStayAsTheyAre(name: String) {
    #expect(EntryName.isClean(name))
    #expect(EntryPath(name)?.description == name)
    #expect(EntryName.cleaned([UInt8](name.utf8)) == name)
  }

  @Test(arguments: badNames) func badNamesAreCleaned(name: String) {
    #expect(EntryName.isClean(EntryName.cleaned([UInt8](name.utf8))))
  }

  @Test func everyControlCharacterIsRefusedAnywhere() {
    for value in UInt32(0)..<0x20 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      for name in ["\(scalar)x", "x\(scalar)", "x\(scalar)y"] { #expect(!EntryName.isClean(name)) }
    }
  }

  /// What a clean name is shown as is the name itself, but for a backslash, which none has.
  @Test(arguments: goodNames) func cleanNamesAreShownAsTheyAre(name: String) {
    #expect(SafeText(name, limit: 300).description == name)
  }

  @Test(arguments: [
    ("a/b", "a_b"), ("..", "_"), ("a\u{200b}b", "ab"), ("a\nb", "a_b"), ("x. ", "x"), (" x", "x"),
    ("NUL.txt", "_NUL.txt"), ("e\u{301}", "\u{e9}"), ("", "_"), ("❤\u{fe0f}.txt", "❤.txt"),
  ])
  func whatCleaningMakesOfNames(name: String, clean: String) {
    #expect(Array(EntryName.cleaned([UInt8](name.utf8)).utf8) == Array(clean.utf8))
  }

  @Test func bytesThatAreNoTextAreCleaned() {
    #expect(EntryName.cleaned([0x61, 0xff, 0x62]) == "a_b")
    #expect(EntryName.isClean(EntryName.cleaned([UInt8](repeating: 0xff, count: 300))))
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let count = Int.random(in: 0...300, using: &generator)
      let name = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      #expect(EntryName.isClean(EntryName.cleaned(name)), "\(name)")
    }
  }

  @Test func numberedNamesStayClean() {
    #expect(EntryName.numbered("report.pdf", 2) == "report (2).pdf")
    #expect(EntryName.numbered("README", 10) == "README (10)")
    #expect(EntryName.numbered(".profile", 2) == ".profile (2)")
    for name in goodNames {
      for number in [2, 9999] {
        let numbered = EntryName.numbered(name, number)
        #expect(EntryName.isClean(numbered))
        #expect(numbered != name)
      }
    }
  }

  @Test func pathsAreBounded() {
    let deep = [String](repeating: "a", count: 64).joined(separator: "/")
    #expect(EntryPath(deep) != nil)
    #expect(EntryPath(deep + "/a") == nil)
    let name = String(repeating: "n", count: 255)
    let long = [String](repeating: name, count: 16).joined(separator: "/")
    #expect(long.utf8.count == 4095)
    #expect(EntryPath(long) != nil)
    #expect(EntryPath(long + "/a") == nil)
    for path in ["/a", "a/", "a//b", "a/../b", "./a", "a/."] { #expect(EntryPath(path) == nil) }
  }

  @Test func pathsAreInOrderNameByName() throws {
    let texts = ["a", "a/b", "a/b/c", "a/z", "a b", "a-b", "a.b", "ab", "b"]
    let paths = try texts.map { try #require(EntryPath($0)) }
    #expect(paths.sorted() == paths)
    #expect(paths.shuffled().sorted() == paths)
  }
}
