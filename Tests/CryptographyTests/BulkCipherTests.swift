import Cryptography
import SecretMemory
import Testing

struct BulkCipherTests {
  static let key = [UInt8](repeating: 6, count: 32)

  static func nonce(_ number: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 11) + [number] }

  /// `body` applied to the bytes of an array.
  static func inPlace<Failure: Error>(
    _ bytes: inout [UInt8], _ body: (inout MutableRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var elements = bytes.mutableSpan
    var raw = unsafe elements.mutableBytes
    try body(&raw)
  }

  @Test(arguments: [0, 1, 16, 4096, 262_144])
  func sealsAsTheSealingKeyDoes(_ count: Int) throws {
    let sealingKey = SealingKey(secret(Self.key))
    let sender = BulkCipher(secret(Self.key))
    let receiver = BulkCipher(secret(Self.key))
    for number: UInt8 in 0..<3 {
      let nonce = Self.nonce(number)
      let chunk = [UInt8](repeating: number, count: count)
      var buffer = chunk + [UInt8](repeating: 0xff, count: SealingKey.tagByteCount)
      Self.inPlace(&buffer) { bytes in sender.seal(&bytes, nonce: nonce.bytes) }
      #expect(
        buffer == sealingKey.seal(chunk.bytes, nonce: nonce.bytes, authenticating: RawSpan()))
      try Self.inPlace(&buffer) { (bytes) throws(AuthenticationFailure) in
        try receiver.open(&bytes, nonce: nonce.bytes)
      }
      #expect(Array(buffer.prefix(count)) == chunk)
    }
  }

  @Test func everyChangeIsRefusedAndLeavesZeros() throws {
    let nonce = Self.nonce(0)
    let cipher = BulkCipher(secret(Self.key))
    let sealed = SealingKey(secret(Self.key)).seal(
      Array("chunk".utf8).bytes, nonce: nonce.bytes, authenticating: RawSpan())
    let truncated = (0..<sealed.count).map { Array(sealed.prefix($0)) }
    for wrong in bitFlips(of: sealed) + truncated + [sealed + [0]] {
      var buffer = wrong
      let error = failure { () throws(AuthenticationFailure) in
        try Self.inPlace(&buffer) { (bytes) throws(AuthenticationFailure) in
          try cipher.open(&bytes, nonce: nonce.bytes)
        }
      }
      #expect(error == AuthenticationFailure())
      #expect(buffer == [UInt8](repeating: 0, count: wrong.count))
    }
    // A refusal does not spoil the context for the chunk that is right.
    var buffer = sealed
    try Self.inPlace(&buffer) { (bytes) throws(AuthenticationFailure) in
      try cipher.open(&bytes, nonce: nonce.bytes)
    }
    #expect(buffer.prefix(5) == Array("chunk".utf8)[...])
  }

  @Test func aChunkOpensOnlyInItsPlace() {
    let cipher = BulkCipher(secret(Self.key))
    var buffer = [UInt8](repeating: 0, count: 100)
    Self.inPlace(&buffer) { bytes in cipher.seal(&bytes, nonce: Self.nonce(1).bytes) }
    let error = failure { () throws(AuthenticationFailure) in
      try Self.inPlace(&buffer) { (bytes) throws(AuthenticationFailure) in
        try cipher.open(&bytes, nonce: Self.nonce(2).bytes)
      }
    }
    #expect(error == AuthenticationFailure())
  }
}
