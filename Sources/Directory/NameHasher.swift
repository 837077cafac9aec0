internal import Wire

/// The hash by which a name is found. Keyed with what nobody outside this process knows, so that
/// nobody can choose names that meet in one place.
struct NameHasher {
  /// 1 to 28.
  private let bitCount: Int
  private let key = UInt64.random(in: 0...(.max))

  /// - Parameter bitCount: how many bits a hash has; few of them where a test wants collisions.
  init(bitCount: Int = UserIndex.hashBitCount) { self.bitCount = bitCount }

  /// The hash of a name as it is spelled.
  func hash(_ name: RawSpan) -> UInt32 {
    // SipHash, keyed by the standard library as well.
    var hasher = Hasher()
    hasher.combine(key)
    unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return UInt32(truncatingIfNeeded: hasher.finalize()) & ((1 << UInt32(bitCount)) - 1)
  }

  func hash(_ name: PrincipalName) -> UInt32 { hash(name.spelling) }
}
