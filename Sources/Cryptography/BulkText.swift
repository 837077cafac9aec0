internal import FoundationEssentials

/// What a bulk cipher has made: a ciphertext with its tag, or a plaintext that has been verified.
/// It stays in the memory that swift-crypto has allocated for it: there is no need to copy it out.
public struct BulkText: ~Copyable {
  private let data: Data
  /// Bytes of `data` that come before the text.
  private let prefixByteCount: Int

  init(_ data: Data, droppingFirst prefixByteCount: Int = 0) {
    self.data = data
    self.prefixByteCount = prefixByteCount
  }

  /// The text alone, as long as this value lives.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get { data.bytes.extracting(droppingFirst: prefixByteCount) }
  }
}
