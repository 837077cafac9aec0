import SecretMemory
import Testing
import Wire

@Suite("Names")
struct PrincipalNameTests {
  @Test(
    "Names that are names",
    arguments: ["a", "0", "bob", "alice.b-c_d", "9lives", "a.", "a-", "a_", "a..b"])
  func names(text: String) throws {
    let name = try #require(PrincipalName(text))
    #expect(name.description == text)
    #expect(name.bytes == [UInt8](text.utf8))
  }

  @Test("A name has 64 bytes at most")
  func length() {
    #expect(PrincipalName(String(repeating: "x", count: 64)) != nil)
    #expect(PrincipalName(String(repeating: "x", count: 65)) == nil)
    #expect(PrincipalName(String(repeating: "x", count: 100_000)) == nil)
  }

  @Test(
    "HOSTILE D 17, F 22: colons, newlines, NUL, escapes, paths, capitals and all beyond ASCII",
    arguments: [
      "", " ", "a b", "a:b", "a\n", "\na", "a\r\n", "a\0", "\0", "a\tb", "Alice", "ALICE", ".",
      "..",
      ".a", "-a", "_a", "../a", "a/b", "a\\b", "a@b", "a%b", "~a", "a*", "a$b", "a'b", "a\"b",
      "a;b",
      "\u{1b}[31ma", "a\u{7f}", "ä", "aä", "a\u{301}", "а", "a\u{200b}", "a\u{202e}b", "ａ", "１",
      "a\u{feff}", "😀",
    ])
  func hostile(text: String) {
    #expect(PrincipalName(text) == nil)
    // Nor when it arrives in a message.
    let utf8 = [UInt8](text.utf8)
    let padded = [UInt8(utf8.count)] + utf8 + [UInt8](repeating: 0, count: 64 - utf8.count)
    let error = wireError(padded) { (reader) throws(WireError) in _ = try reader.name() }
    #expect(error == .invalid("name"))
  }

  @Test("Every single byte: what may stand first, and what may follow")
  func everyByte() {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    for byte in UInt8.min...UInt8.max {
      let isFirst = letters.utf8.contains(byte)
      let isLater = isFirst || "._-".utf8.contains(byte)
      for (bytes, isName) in [([byte], isFirst), ([0x61, byte], isLater)] {
        let padded = [UInt8(bytes.count)] + bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
        let error = wireError(padded) { (reader) throws(WireError) in _ = try reader.name() }
        #expect(error == (isName ? nil : .invalid("name")))
      }
    }
  }

  @Test("In a message every name takes the same space, and has one form")
  func padded() throws {
    for text in ["a", "bob", String(repeating: "x", count: 64)] {
      let name = try #require(PrincipalName(text))
      let bytes = written { $0.name(name) }
      #expect(bytes.count == PrincipalName.paddedByteCount)
      var reader = ByteReader(bytes.bytes)
      let again = try reader.name()
      try reader.finish()
      #expect(again == name)
      // Padding that is not zero, and every other length.
      for index in (1 + name.bytes.count)..<bytes.count {
        var bent = bytes
        bent[index] = 1
        #expect(
          wireError(bent) { (reader) throws(WireError) in _ = try reader.name() }
            == .invalid("name"))
      }
      for count in UInt8.min...UInt8.max where Int(count) != name.bytes.count {
        var bent = bytes
        bent[0] = count
        let error = wireError(bent) { (reader) throws(WireError) in
          guard try reader.name() != name else { throw .invalid("two forms") }
        }
        #expect(error == .invalid("name") || Int(count) < name.bytes.count)
      }
      for count in 0..<bytes.count {
        #expect(
          wireError([UInt8](bytes[..<count])) { (reader) throws(WireError) in
            _ = try reader.name()
          } == .truncated)
      }
    }
  }

  @Test("Names are in the order of their bytes")
  func order() throws {
    let names = try ["b", "a-b", "a", "a.b", "0", "ab"].map { try #require(PrincipalName($0)) }
    #expect(names.sorted().map(\.description) == ["0", "a", "a-b", "a.b", "ab", "b"])
  }
}
