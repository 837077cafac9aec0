internal import COpenSSL
internal import SecretMemory
internal import Synchronization

/// OpenSSL's generator, which the operating system's seeds.
public struct SystemRandom: RandomSource, Sendable {
  /// One call of the generator costs as much for many bytes as for few, so keys and nonces come out
  /// of a reserve. Who knows the reserve knows no more than who knows the generator's own state,
  /// which lies in the same memory; what is given out is erased there.
  private static let reserve = Mutex(RandomReserve())

  /// The system's generator has no state of its own here.
  public init() {}

  public func fill(_ bytes: inout MutableRawSpan) {
    guard !bytes.isEmpty else { return }
    let count = bytes.byteCount
    unsafe bytes.withAddress { address in
      // Never waits: while another thread has the reserve, the generator itself is asked.
      if count <= RandomReserve.largestShare,
        let _: Void = Self.reserve.withLockIfAvailable({ reserve in
          unsafe reserve.fill(address, count)
        })
      {
        return
      }
      unsafe Self.generate(address, count)
    }
  }

  /// A process that cannot have random bytes must not go on.
  @unsafe
  fileprivate static func generate(_ address: UnsafeMutablePointer<UInt8>, _ count: Int) {
    unsafe LibCrypto.succeed(RAND_bytes(address, CInt(count)))
  }
}

/// Random bytes that nobody has got yet.
private struct RandomReserve: ~Copyable {
  static let largestShare = 64
  private static let byteCount = 1024

  private var bytes = SecretBytes(count: byteCount) { _ in }
  private var used = byteCount

  @unsafe
  mutating func fill(_ output: UnsafeMutablePointer<UInt8>, _ count: Int) {
    let offset = used + count <= Self.byteCount ? used : 0
    var reserve = bytes.mutableBytes
    unsafe reserve.withAddress { reserve in
      if offset == 0 { unsafe SystemRandom.generate(reserve, Self.byteCount) }
      unsafe output.update(from: reserve + offset, count: count)
      unsafe OPENSSL_cleanse(reserve + offset, count)
    }
    used = offset + count
  }
}
