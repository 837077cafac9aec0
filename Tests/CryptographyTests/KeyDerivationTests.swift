import Cryptography
import SecretMemory
import Testing

struct KeyDerivationTests {
  /// FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func sha256(_ message: String, _ expected: String) {
    #expect(SHA256.hash(Array(message.utf8).bytes) == hex(expected))
  }

  /// RFC 4231, cases 1, 2 and 6 (a key longer than a block), and an empty key and message.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0b, count: 20), "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
  ])
  func hmac(_ key: [UInt8], _ message: String, _ expected: String) {
    let message = Array(message.utf8)
    let tag = HMACSHA256.authenticate(message.bytes, key: key.bytes)
    #expect(tag == hex(expected))
    func isValid(_ tag: [UInt8]) -> Bool {
      HMACSHA256.isValid(tag.bytes, for: message.bytes, key: key.bytes)
    }
    #expect(isValid(tag))
    for wrong in bitFlips(of: tag) { #expect(!isValid(wrong)) }
    #expect(!isValid(Array(tag.dropLast())))
  }

  struct HKDFVector: Sendable {
    let inputKeyMaterial, salt, info: [UInt8]
    let pseudorandomKey, output: String
  }

  /// RFC 5869, appendix A: the cases for SHA-256.
  @Test(arguments: [
    HKDFVector(
      inputKeyMaterial: [UInt8](repeating: 0x0b, count: 22), salt: Array(0x00...0x0c),
      info: Array(0xf0...0xf9),
      pseudorandomKey: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      output: """
        3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865
        """),
    HKDFVector(
      inputKeyMaterial: Array(0x00...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff),
      pseudorandomKey: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      output: """
        b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e
        590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87
        """),
    HKDFVector(
      inputKeyMaterial: [UInt8](repeating: 0x0b, count: 22), salt: [], info: [],
      pseudorandomKey: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      output: """
        8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8
        """),
  ])
  func hkdf(_ vector: HKDFVector) {
    let output = hex(vector.output)
    let pseudorandomKey = HKDF.extract(
      salt: vector.salt.bytes, inputKeyMaterial: vector.inputKeyMaterial.bytes)
    #expect([UInt8](pseudorandomKey.bytes) == hex(vector.pseudorandomKey))
    let expanded = HKDF.expand(
      pseudorandomKey.bytes, info: vector.info.bytes, count: output.count)
    #expect([UInt8](expanded.bytes) == output)
    let derived = HKDF.derive(
      vector.inputKeyMaterial.bytes, salt: vector.salt.bytes, info: vector.info.bytes,
      count: output.count)
    #expect([UInt8](derived.bytes) == output)
  }

  @Test(arguments: [0, 1, 31, 32, 33, 8160])
  func everyLengthIsAPrefixOfTheLongest(_ count: Int) {
    let key = [UInt8](repeating: 7, count: 32)
    let longest = HKDF.expand(key.bytes, info: RawSpan(), count: HKDF.maximumByteCount)
    let output = HKDF.expand(key.bytes, info: RawSpan(), count: count)
    #expect(output.count == count)
    #expect([UInt8](output.bytes) == [UInt8](longest.bytes.extracting(first: count)))
  }

  @Test func moreThanHKDFCanGiveIsOurOwnMisuse() async {
    await #expect(processExitsWith: .failure) {
      let key = [UInt8](repeating: 7, count: 32)
      _ = HKDF.expand(key.bytes, info: RawSpan(), count: HKDF.maximumByteCount + 1)
    }
  }
}
