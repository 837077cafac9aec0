import SecretMemory
import Testing

@testable import Directory

@Suite struct Base64Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func publishedVectors(plain: String, encoded: String) throws {
    #expect(Base64.encode([UInt8](plain.utf8)) == encoded)
    #expect(decoded(encoded) == [UInt8](plain.utf8))
  }

  @Test func everyByteValueComesBack() {
    let bytes = [UInt8](0...255)
    #expect(decoded(Base64.encode(bytes)) == bytes)
    #expect(Base64.encode([0xfb, 0xff]) == "+/8=")
  }

  @Test(arguments: [
    "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9\u{0}",
    "-_8=", "Zm9v\n",
  ])
  func otherSpellingsAreRefused(text: String) {
    #expect(decoded(text) == nil)
  }

  private func decoded(_ text: String) -> [UInt8]? {
    guard let secret = Base64.decode([UInt8](text.utf8).bytes) else { return nil }
    return [UInt8](secret.bytes)
  }
}
