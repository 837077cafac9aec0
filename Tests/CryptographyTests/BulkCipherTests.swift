import Cryptography
import SecretMemory
import Testing

struct BulkCipherTests {
  static let key = [UInt8](repeating: 6, count: 32)

  static func nonce(_ number: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 11) + [number] }

  /// Nil when it is refused.
  static func opened(_ sealed: [UInt8], _ nonce: [UInt8], by cipher: BulkCipher) -> [UInt8]? {
    guard let plaintext = try? cipher.open(sealed.bytes, nonce: nonce.bytes) else { return nil }
    return [UInt8](plaintext.bytes)
  }

  /// Two libraries, one AES-256-GCM.
  @Test(arguments: [0, 1, 16, 4096, 262_144, 1_048_576])
  func sealsAsTheSealingKeyDoes(_ count: Int) {
    let sealingKey = SealingKey(secret(Self.key))
    let sender = BulkCipher(secret(Self.key))
    let receiver = BulkCipher(secret(Self.key))
    for number: UInt8 in 0..<3 {
      let nonce = Self.nonce(number)
      let chunk = [UInt8](repeating: number, count: count)
      let sealed = sender.seal(chunk.bytes, nonce: nonce.bytes)
      let expected = sealingKey.seal(chunk.bytes, nonce: nonce.bytes, authenticating: RawSpan())
      #expect([UInt8](sealed.bytes) == expected)
      #expect(Self.opened(expected, nonce, by: receiver) == chunk)
    }
  }

  @Test func everyChangeIsRefused() {
    let nonce = Self.nonce(0)
    let cipher = BulkCipher(secret(Self.key))
    let sealed = SealingKey(secret(Self.key)).seal(
      Array("chunk".utf8).bytes, nonce: nonce.bytes, authenticating: RawSpan())
    let truncated = (0..<sealed.count).map { Array(sealed.prefix($0)) }
    for wrong in bitFlips(of: sealed) + truncated + [sealed + [0]] {
      #expect(Self.opened(wrong, nonce, by: cipher) == nil)
    }
    // A refusal does not spoil the cipher for the chunk that is right.
    #expect(Self.opened(sealed, nonce, by: cipher) == Array("chunk".utf8))
  }

  @Test func aChunkOpensOnlyInItsPlace() {
    let cipher = BulkCipher(secret(Self.key))
    let sealed = cipher.seal([UInt8](repeating: 0, count: 84).bytes, nonce: Self.nonce(1).bytes)
    #expect(Self.opened([UInt8](sealed.bytes), Self.nonce(2), by: cipher) == nil)
    #expect(Self.opened([UInt8](sealed.bytes), Self.nonce(1), by: cipher) != nil)
  }
}
