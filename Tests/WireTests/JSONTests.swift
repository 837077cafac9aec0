import Testing
import Wire

@Suite("JSON as operators write it")
struct JSONTests {
  private func read(_ text: String) throws -> JSONValue { try JSONValue([UInt8](text.utf8)) }

  @Test("What is written reads back as what it was, on one line of ASCII")
  func roundTrip() throws {
    let value = JSONValue.object([
      .init("a", .array([.integer(.min), .integer(0), .integer(.max), .null, .bool(true)])),
      .init("quote\"\\\n\u{1b}", .text("Zoë \u{1F600} \u{7f}\u{202e}")),
      .init("", .object([])),
    ])
    let text = "\(value)"
    #expect(text.utf8.allSatisfy { (0x20...0x7e).contains($0) })
    #expect(try read(text) == value)
    #expect(
      value["a"] == .array([.integer(.min), .integer(0), .integer(.max), .null, .bool(true)]))
  }

  @Test("Blanks, escapes and text that is not ASCII are read")
  func reads() throws {
    #expect(try read(" {\"a\" :\t[1 ,-2]\r\n} ")["a"] == .array([.integer(1), .integer(-2)]))
    #expect(try read(#""\u0041\ud83d\ude00\/é""#).text == "A\u{1F600}/é")
  }

  @Test(
    "What is not right is refused, with its line",
    arguments: [
      "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{a:1}", "01", "-", "1.5", "1e3", "+1",
      "9223372036854775808", "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\ud800\"",
      "\"a\nb\"", "1 2", "{\"a\":1,\"a\":2}", "// no\n1", String(repeating: "[", count: 99),
    ])
  func refused(text: String) {
    #expect(throws: JSONFault.self) { try read(text) }
  }

  @Test("A fault names its line")
  func line() {
    #expect(throws: JSONFault.self) { try read("{\n\"a\": 1,\n\"b\": x}") }
    do { _ = try read("{\n\"a\": 1,\n\"b\": x}") } catch {
      #expect("\(error)" == "line 3: a value is missing")
    }
  }

  @Test("Bytes that are no UTF-8 are refused")
  func notUnicode() {
    #expect(throws: JSONFault.self) { try JSONValue([0x22, 0xff, 0x22]) }
  }
}
