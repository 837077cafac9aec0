import Cryptography
import SecretMemory
import Testing

/// Project Wycheproof's vectors, which know how implementations went wrong.
@Suite(.enabled(if: SharedVectors.exist, "there is no ../shared/vectors beside the checkout"))
struct WycheproofTests {
  struct File<Group: Decodable>: Decodable {
    let testGroups: [Group]
  }

  @Test func aesGCM() throws {
    struct Group: Decodable {
      struct Case: Decodable { let tcId: Int, key, iv, aad, msg, ct, tag, result: String }
      let ivSize, keySize, tagSize: Int
      let tests: [Case]
    }
    let file = try SharedVectors.load("wycheproof-aes_gcm.json", as: File<Group>.self)
    let ours = file.testGroups.filter { ($0.keySize, $0.ivSize, $0.tagSize) == (256, 96, 128) }
    let cases = ours.flatMap(\.tests)
    #expect(cases.count == 66)
    for test in cases {
      let key = SealingKey(secret(hex(test.key)))
      let (nonce, data, message) = (hex(test.iv), hex(test.aad), hex(test.msg))
      let sealed = hex(test.ct) + hex(test.tag)
      let opened: [UInt8]? =
        if let plaintext = try? key.open(
          sealed.bytes, nonce: nonce.bytes, authenticating: data.bytes)
        { [UInt8](plaintext.bytes) } else { nil }
      #expect(opened == (test.result == "valid" ? message : nil), "case \(test.tcId)")
      let resealed = key.seal(message.bytes, nonce: nonce.bytes, authenticating: data.bytes)
      #expect((resealed == sealed) == (test.result == "valid"), "case \(test.tcId)")
    }
  }

  @Test func ed25519() throws {
    struct Group: Decodable {
      struct Key: Decodable { let pk: String }
      struct Case: Decodable { let tcId: Int, msg, sig, result: String }
      let publicKey: Key
      let tests: [Case]
    }
    let file = try SharedVectors.load("wycheproof-ed25519.json", as: File<Group>.self)
    var count = 0
    for group in file.testGroups {
      let key = try #require(VerifyingKey(hex(group.publicKey.pk)))
      for test in group.tests {
        let isValid = key.isValidSignature(hex(test.sig).bytes, for: hex(test.msg).bytes)
        #expect(isValid == (test.result == "valid"), "case \(test.tcId)")
        count += 1
      }
    }
    #expect(count == 151)
  }

  @Test func hkdfSHA256() throws {
    struct Group: Decodable {
      struct Case: Decodable {
        let tcId: Int, ikm, salt, info: String, size: Int, okm, result: String
      }
      let tests: [Case]
    }
    let file = try SharedVectors.load("wycheproof-hkdf_sha256.json", as: File<Group>.self)
    let cases = file.testGroups.flatMap(\.tests)
    #expect(cases.count == 86)
    for test in cases {
      guard test.result == "valid" else {
        #expect(test.size > HKDF.maximumByteCount, "case \(test.tcId)")
        continue
      }
      let output = HKDF.derive(
        hex(test.ikm).bytes, salt: hex(test.salt).bytes, info: hex(test.info).bytes,
        count: test.size)
      #expect([UInt8](output.bytes) == hex(test.okm), "case \(test.tcId)")
    }
  }

  /// A truncated tag is not a tag, even where it is the right one cut short.
  @Test func hmacSHA256() throws {
    struct Group: Decodable {
      struct Case: Decodable { let tcId: Int, key, msg, tag, result: String }
      let tagSize: Int
      let tests: [Case]
    }
    let file = try SharedVectors.load("wycheproof-hmac_sha256.json", as: File<Group>.self)
    var (whole, truncated) = (0, 0)
    for group in file.testGroups {
      for test in group.tests {
        let isValid = HMACSHA256.isValid(
          hex(test.tag).bytes, for: hex(test.msg).bytes, key: hex(test.key).bytes)
        #expect(
          isValid == (test.result == "valid" && group.tagSize == 256), "case \(test.tcId)")
      }
      if group.tagSize == 256 { whole += group.tests.count } else { truncated += group.tests.count }
    }
    #expect((whole, truncated) == (87, 87))
  }

  @Test func x25519() throws {
    struct Group: Decodable {
      struct Case: Decodable {
        let tcId: Int, `public`, `private`, shared, result: String
      }
      let tests: [Case]
    }
    let file = try SharedVectors.load("wycheproof-x25519.json", as: File<Group>.self)
    let cases = file.testGroups.flatMap(\.tests)
    #expect(cases.count == 518)
    var refused = 0
    for test in cases {
      let key = agreementKey(hex(test.private))
      let other = try #require(AgreementPublicKey(hex(test.public)))
      do throws(LowOrderPoint) {
        let shared = try key.sharedSecret(with: other)
        #expect([UInt8](shared.bytes) == hex(test.shared), "case \(test.tcId)")
      } catch {
        #expect(hex(test.shared).allSatisfy { $0 == 0 }, "case \(test.tcId)")
        refused += 1
      }
    }
    #expect(refused == cases.count { hex($0.shared).allSatisfy { $0 == 0 } })
    #expect(refused > 0)
  }
}
