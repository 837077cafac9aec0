import Testing
import Wire

@Suite("Base 32")
struct Base32Tests {
  @Test(
    "RFC 4648, section 10, in lower case and without padding",
    arguments: [
      ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"),
      ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi"),
    ])
  func vectors(text: String, encoded: String) {
    #expect(Base32.encode([UInt8](text.utf8)) == encoded)
    #expect(Base32.decode(encoded) == [UInt8](text.utf8))
  }

  @Test("Whatever is encoded is decoded")
  func roundTrip() {
    var numbers = SeededNumbers(32)
    for count in 0..<100 {
      let bytes = numbers.bytes(count)
      #expect(Base32.decode(Base32.encode(bytes)) == bytes)
    }
  }

  @Test("One text for every value: what decodes is encoded again to itself")
  func canonical() {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
    for first in alphabet {
      #expect(Base32.decode(String(first)) == nil)
      for second in alphabet {
        let text = String([first, second])
        guard let bytes = Base32.decode(text) else { continue }
        #expect(Base32.encode(bytes) == text)
      }
    }
    // The last character of "my" holds two bits; with the other three set it is another spelling.
    #expect(Base32.decode("mz") == nil)
    #expect(Base32.decode("mzxw6y") == nil)
  }

  @Test(
    "Capitals, padding, spaces and look-alikes are refused",
    arguments: ["MY", "my======", " my", "my ", "m y", "m1", "m0", "m8", "m9", "mý", "my\n", "m-"])
  func refused(text: String) {
    #expect(Base32.decode(text) == nil)
  }
}
