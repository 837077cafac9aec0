/// How many plaintext bytes each chunk of a file has, but for the last one.
public struct ChunkSize: Hashable, Sendable {
  /// A power of two from 4096 to 1048576.
  public let byteCount: Int

  /// 512 KiB: large enough that the cost per chunk no longer shows, small enough for the cache.
  public static let standard = ChunkSize(unchecked: 1 << 19)

  /// Nil unless `byteCount` is allowed.
  public init?(_ byteCount: UInt32) {
    guard byteCount >= 4096, byteCount <= 1 << 20, byteCount.nonzeroBitCount == 1 else {
      return nil
    }
    self.init(unchecked: Int(byteCount))
  }

  private init(unchecked byteCount: Int) { self.byteCount = byteCount }

  /// A whole chunk and its tag, in bytes: what a buffer for any chunk has to hold.
  public var sealedByteCount: Int { byteCount + ChunkNonce.tagByteCount }
}
