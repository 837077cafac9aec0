import Foundation
import Testing

/// The library's articles show code that is built and run, not code that once was.
@Suite("The library's pages")
struct LibraryPagesTests {
  @Test(
    "The code on a page is that of an example, byte for byte",
    arguments: [
      ("SendingAFile", "Examples/Sender/main.swift"),
      ("PureMachines", "Examples/OwnConnection/Conversation.swift"),
    ])
  func code(page: String, example: String) throws {
    let text = try Repository.text("Sources/Trent/Trent.docc/\(page).md")
    let pieces = text.components(separatedBy: "```swift\n")
    #expect(pieces.count == 2, "\(page).md has not just one piece of Swift")
    let code = try #require(pieces.last?.components(separatedBy: "```\n").first)
    #expect(try code == Repository.text(example))
  }

  @Test("No other page has code that nothing builds")
  func otherPages() throws {
    for path in try Repository.files(under: "Sources/Trent/Trent.docc")
    where !path.hasSuffix("SendingAFile.md") && !path.hasSuffix("PureMachines.md") {
      #expect(try !Repository.text(path).contains("```swift"), "\(path)")
    }
  }

  @Test("The whole sender has at most 30 lines, and imports nothing of ours but the library")
  func sender() throws {
    let lines = try Repository.text("Examples/Sender/main.swift").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.last == "" && lines.count - 1 <= 30)
    for path in try Repository.swiftFiles(under: "Examples") {
      for line in try Repository.lines(path) where line.hasPrefix("import ") {
        #expect(["import Glibc", "import Trent"].contains(line), "\(path)")
      }
    }
  }
}
