import Cryptography
import SecretMemory
import Testing

struct AgreementKeyTests {
  /// RFC 7748, section 5.2.
  @Test(arguments: [
    (
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    ),
    (
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    ),
  ])
  func published(_ scalar: String, _ coordinate: String, _ expected: String) throws {
    let key = agreementKey(hex(scalar))
    let other = try #require(AgreementPublicKey(hex(coordinate)))
    let shared = try key.sharedSecret(with: other)
    #expect([UInt8](shared.bytes) == hex(expected))
  }

  /// RFC 7748, section 5.2: a thousand times over, which feeds results back as inputs.
  @Test func publishedIteration() throws {
    var scalar = [9] + [UInt8](repeating: 0, count: 31)
    var coordinate = scalar
    for _ in 0..<1000 {
      let other = try #require(AgreementPublicKey(coordinate))
      let shared = try agreementKey(scalar).sharedSecret(with: other)
      coordinate = scalar
      scalar = [UInt8](shared.bytes)
    }
    #expect(
      scalar == hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
  }

  /// RFC 7748, section 6.1.
  @Test func publishedAgreement() throws {
    let initiator = agreementKey(
      hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    let responder = agreementKey(
      hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    #expect(
      initiator.publicKey.bytes
        == hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
    #expect(
      responder.publicKey.bytes
        == hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"))
    let expected = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    let first = try initiator.sharedSecret(with: responder.publicKey)
    let second = try responder.sharedSecret(with: initiator.publicKey)
    #expect([UInt8](first.bytes) == expected)
    #expect([UInt8](second.bytes) == expected)
  }

  /// The points of low order, and spellings of them beyond the field's prime or with the top bit
  /// set, which RFC 7748 ignores.
  static let lowOrderPoints = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
  ]

  @Test(arguments: lowOrderPoints)
  func lowOrderPointsAreRefused(_ point: String) throws {
    let key = agreementKey([UInt8](repeating: 5, count: 32))
    let other = try #require(AgreementPublicKey(hex(point)))
    let error = failure { () throws(LowOrderPoint) in _ = try key.sharedSecret(with: other) }
    #expect(error == LowOrderPoint())
  }

  @Test(arguments: [0, 31, 33])
  func aKeyOfAnotherLengthIsNone(_ count: Int) {
    #expect(AgreementPublicKey([UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func aDuplicateOutlivesItsOriginal() throws {
    let bytes = Array(UInt8(1)...32)
    func duplicated() -> AgreementKey {
      let original = agreementKey(bytes)
      return original.duplicate()
    }
    let duplicate = duplicated()
    let stored = duplicate.privateBytes()
    #expect([UInt8](stored.bytes) == bytes)
    let other = agreementKey([UInt8](repeating: 9, count: 32))
    let first = try duplicate.sharedSecret(with: other.publicKey)
    let second = try other.sharedSecret(with: duplicate.publicKey)
    #expect([UInt8](first.bytes) == [UInt8](second.bytes))
    let publicKey = duplicate.publicKey
    #expect(publicKey == agreementKey(bytes).publicKey)
  }
}
