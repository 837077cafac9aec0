/// `byteCount` public bytes that lie where their owner lies: a record that holds such costs no
/// memory of its own and counts no references when it is copied. Not for secrets: copies stay
/// behind.
@frozen
public struct FixedBytes<let byteCount: Int>: Hashable, Sendable {
  @usableFromInline
  internal var storage: InlineArray<byteCount, UInt8>

  /// The first bytes are those of `bytes`, the rest is zero. More than there is room for are our
  /// own mistake.
  @inlinable
  public init(padding bytes: RawSpan) {
    precondition(bytes.byteCount <= byteCount)
    storage = InlineArray(repeating: 0)
    var span = storage.mutableSpan
    var raw = unsafe span.mutableBytes
    raw.write(bytes, at: 0)
  }

  /// Zero bytes, then whatever `body` writes over them.
  @inlinable
  public init(initializingWith body: (inout MutableRawSpan) -> Void) {
    storage = InlineArray(repeating: 0)
    var span = storage.mutableSpan
    var raw = unsafe span.mutableBytes
    body(&raw)
  }

  /// Nil unless there are `byteCount` bytes.
  @inlinable
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount == byteCount else { return nil }
    self.init(padding: bytes)
  }

  /// The bytes, as long as this value lives.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get { unsafe storage.span.bytes }
  }

  @inlinable
  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.isSame(as: right.bytes)
  }

  @inlinable
  public func hash(into hasher: inout Hasher) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}
