import SecretMemory
import Testing

@testable import Cryptography

struct NoiseCipherTests {
  static func cipher(counter: UInt64 = 0) -> NoiseCipher {
    NoiseCipher(key: [UInt8](repeating: 5, count: 32).bytes, counter: counter)
  }

  /// Revision 34, section 12.4: four zero bytes and the counter in big-endian order.
  @Test(arguments: [0, 1, 0x0102_0304_0506_0708, .max - 1])
  func theNonceIsTheCounter(_ counter: UInt64) throws {
    var cipher = Self.cipher(counter: counter)
    let nonce =
      [0, 0, 0, 0] + (unsafe withUnsafeBytes(of: counter.bigEndian) { unsafe [UInt8]($0) })
    let key = SealingKey(secret([UInt8](repeating: 5, count: 32)))
    let message = Array("message".utf8)
    #expect(
      try cipher.seal(message.bytes)
        == key.seal(message.bytes, nonce: nonce.bytes, authenticating: RawSpan()))
  }

  /// HOSTILE C.15: 2^64 - 1 is reserved (section 5.1), and no nonce comes twice.
  @Test func theCounterRunsOut() throws {
    var sender = Self.cipher(counter: .max - 1)
    var receiver = Self.cipher(counter: .max - 1)
    let last = try sender.seal(RawSpan())
    _ = try receiver.open(last.bytes)
    for _ in 0..<2 {
      let sealing = failure { () throws(NoiseFailure) in _ = try sender.seal(RawSpan()) }
      let opening = failure { () throws(NoiseFailure) in _ = try receiver.open(last.bytes) }
      #expect(sealing == .exhausted)
      #expect(opening == .exhausted)
    }
  }

  @Test func everyChangeIsRefusedForGood() throws {
    var sender = Self.cipher()
    let sealed = try sender.seal(Array("message".utf8).bytes)
    for wrong in bitFlips(of: sealed) {
      var receiver = Self.cipher()
      for message in [wrong, sealed] {
        let error = failure { () throws(NoiseFailure) in _ = try receiver.open(message.bytes) }
        #expect(error == .authentication)
      }
      let error = failure { () throws(NoiseFailure) in _ = try receiver.seal(RawSpan()) }
      #expect(error == .authentication)
    }
  }

  @Test(arguments: [0, 1, 15, 65536])
  func impossibleLengthsAreMalformed(_ count: Int) {
    var receiver = Self.cipher()
    let error = failure { () throws(NoiseFailure) in
      _ = try receiver.open([UInt8](repeating: 0, count: count).bytes)
    }
    #expect(error == .malformed)
  }

  @Test func theLongestMessagePasses() throws {
    var sender = Self.cipher()
    var receiver = Self.cipher()
    let message = [UInt8](repeating: 1, count: NoiseCipher.maximumByteCount - 16)
    let sealed = try sender.seal(message.bytes)
    #expect(sealed.count == 65535)
    let opened = try receiver.open(sealed.bytes)
    #expect([UInt8](opened.bytes) == message)
  }

  /// Messages replayed, dropped, swapped or reflected are not the next one.
  @Test func messagesPassOnceAndInOrder() throws {
    var sender = Self.cipher()
    let messages = try (0..<3).map { _ in try sender.seal(RawSpan()) }
    for order in [[0, 0], [1], [0, 2], [2]] {
      var receiver = Self.cipher()
      var error: NoiseFailure?
      for index in order {
        let message = messages[index]
        error = failure { () throws(NoiseFailure) in _ = try receiver.open(message.bytes) }
      }
      #expect(error == .authentication, "\(order)")
    }
  }
}
