public import SecretMemory

/// Where random bytes come from. The protocol machines take one from outside, so that a test can
/// fix every byte of a run; programs pass `SystemRandom`.
public protocol RandomSource {
  /// Overwrites all of `bytes` with uniformly random ones. Cannot fail.
  mutating func fill(_ bytes: inout MutableRawSpan)
}

extension RandomSource {
  /// `count` random bytes that will be public, such as a nonce.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      unsafe buffer.initialize(repeating: 0)
      var raw = unsafe MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(buffer))
      fill(&raw)
      written = count
    }
  }

  /// The same where they lie.
  public mutating func fixedBytes<let count: Int>() -> FixedBytes<count> {
    FixedBytes { bytes in fill(&bytes) }
  }

  /// `count` random bytes that stay secret, such as a key.
  public mutating func secret(_ count: Int) -> SecretBytes {
    SecretBytes(count: count) { bytes in fill(&bytes) }
  }
}
