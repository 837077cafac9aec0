import Cryptography
import SecretMemory
import Testing

struct SigningKeyTests {
  struct Vector: Sendable {
    let seed, publicKey, message, signature: String
  }

  /// RFC 8032, section 7.1: tests 1 to 3.
  @Test(arguments: [
    Vector(
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      message: "",
      signature: """
        e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
        5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
        """),
    Vector(
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature: """
        92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
        """),
    Vector(
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      message: "af82",
      signature: """
        6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
        18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
        """),
  ])
  func published(_ vector: Vector) {
    let key = SigningKey(seed: secret(hex(vector.seed)))
    let message = hex(vector.message)
    let signature = key.sign(message.bytes)
    #expect(key.publicKey.bytes == hex(vector.publicKey))
    #expect(signature == hex(vector.signature))
    let isValid = key.publicKey.isValidSignature(signature.bytes, for: message.bytes)
    #expect(isValid)
  }

  @Test func everyChangeOfASignatureIsRefused() {
    let key = SigningKey(seed: secret([UInt8](repeating: 3, count: 32)))
    let message = Array("trent".utf8)
    let signature = key.sign(message.bytes)
    let publicKey = key.publicKey
    func isValid(_ signature: [UInt8], _ message: [UInt8], _ key: VerifyingKey) -> Bool {
      key.isValidSignature(signature.bytes, for: message.bytes)
    }
    #expect(isValid(signature, message, publicKey))
    for wrong in bitFlips(of: signature) { #expect(!isValid(wrong, message, publicKey)) }
    for wrong in bitFlips(of: message) { #expect(!isValid(signature, wrong, publicKey)) }
    for count in 0..<signature.count {
      #expect(!isValid(Array(signature.prefix(count)), message, publicKey))
    }
    #expect(!isValid(signature + [0], message, publicKey))
    let other = SigningKey(seed: secret([UInt8](repeating: 4, count: 32)))
    #expect(!isValid(signature, message, other.publicKey))
  }

  @Test(arguments: [0, 31, 33, 64])
  func aKeyOfAnotherLengthIsNone(_ count: Int) {
    #expect(VerifyingKey([UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func bytesThatAreNoPointVerifyNothing() throws {
    // y = 2 is not on the curve.
    let key = try #require(VerifyingKey([2] + [UInt8](repeating: 0, count: 31)))
    let signature = [UInt8](repeating: 0, count: VerifyingKey.signatureByteCount)
    let isValid = key.isValidSignature(signature.bytes, for: RawSpan())
    #expect(!isValid)
  }
}
