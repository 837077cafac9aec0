internal import COpenSSL

/// OpenSSL's generator, which the operating system's seeds.
public struct SystemRandom: RandomSource, Sendable {
  public init() {}

  public func fill(_ bytes: inout MutableRawSpan) {
    guard !bytes.isEmpty else { return }
    let count = CInt(bytes.byteCount)
    // A process that cannot have random bytes must not go on.
    unsafe bytes.withAddress { address in unsafe LibCrypto.succeed(RAND_bytes(address, count)) }
  }
}
