import Cryptography
import SecretMemory
import Testing

struct SealingKeyTests {
  let nonce = [UInt8](repeating: 1, count: SealingKey.nonceByteCount)

  static func key(_ byte: UInt8 = 2) -> SecretBytes {
    secret([UInt8](repeating: byte, count: SealingKey.byteCount))
  }

  /// The test cases 13 and 14 of the GCM specification that NIST SP 800-38D refers to.
  @Test func published() {
    let key = SealingKey(Self.key(0))
    let nonce = [UInt8](repeating: 0, count: 12)
    let zeros = [UInt8](repeating: 0, count: 16)
    #expect(
      key.seal(RawSpan(), nonce: nonce.bytes, authenticating: RawSpan())
        == hex("530f8afbc74536b9a963b4f1c4cb738b"))
    #expect(
      key.seal(zeros.bytes, nonce: nonce.bytes, authenticating: RawSpan())
        == hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"))
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000, 70000])
  func whatIsSealedCanBeOpened(_ count: Int) throws {
    let key = SealingKey(Self.key())
    let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let data = Array("header".utf8)
    let sealed = key.seal(message.bytes, nonce: nonce.bytes, authenticating: data.bytes)
    #expect(sealed.count == count + SealingKey.tagByteCount)
    let opened = try key.open(sealed.bytes, nonce: nonce.bytes, authenticating: data.bytes)
    #expect([UInt8](opened.bytes) == message)
  }

  @Test func everyChangeIsRefused() {
    let key = SealingKey(Self.key())
    let nonce = nonce
    let data = Array("header".utf8)
    let sealed = key.seal(
      Array("message".utf8).bytes, nonce: nonce.bytes, authenticating: data.bytes)
    func isRefused(_ sealed: [UInt8], _ nonce: [UInt8], _ data: [UInt8]) -> Bool {
      failure { () throws(AuthenticationFailure) in
        _ = try key.open(sealed.bytes, nonce: nonce.bytes, authenticating: data.bytes)
      } != nil
    }
    #expect(!isRefused(sealed, nonce, data))
    for wrong in bitFlips(of: sealed) { #expect(isRefused(wrong, nonce, data)) }
    for wrong in bitFlips(of: nonce) { #expect(isRefused(sealed, wrong, data)) }
    for wrong in bitFlips(of: data) { #expect(isRefused(sealed, nonce, wrong)) }
    for count in 0..<sealed.count {
      #expect(isRefused(Array(sealed.prefix(count)), nonce, data))
    }
    #expect(isRefused(sealed + [0], nonce, data))
    #expect(isRefused(sealed, nonce, []))
    let other = SealingKey(Self.key(3))
    let error = failure { () throws(AuthenticationFailure) in
      _ = try other.open(sealed.bytes, nonce: nonce.bytes, authenticating: data.bytes)
    }
    #expect(error == AuthenticationFailure())
  }

  @Test func oneKeyServesManyThreads() async {
    let shared = SharedKey(Self.key())
    let message = [UInt8](repeating: 4, count: 500)
    let expected = shared.key.seal(message.bytes, nonce: nonce.bytes, authenticating: RawSpan())
    let nonce = nonce
    let agreed = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).allSatisfy { _ in
            shared.key.seal(message.bytes, nonce: nonce.bytes, authenticating: RawSpan())
              == expected
          }
        }
      }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(agreed)
  }

  final class SharedKey: Sendable {
    let key: SealingKey
    init(_ secret: consuming SecretBytes) { key = SealingKey(secret) }
  }
}
