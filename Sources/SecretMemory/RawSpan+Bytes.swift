internal import Glibc

extension [UInt8] {
  /// The array's bytes, borrowed.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get { unsafe span.bytes }
  }

  /// A copy of borrowed bytes. For what is public: secrets are copied into `SecretBytes`.
  public init(_ bytes: RawSpan) {
    unsafe self = bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension RawSpan {
  /// Less than, equal to or more than 0 as these bytes come before, are, or come after the others,
  /// which are as many. Not for secrets: the time tells where the first difference is.
  public func order(to other: RawSpan) -> Int {
    precondition(byteCount == other.byteCount)
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        return unsafe Int(memcmp(left, right, byteCount))
      }
    }
  }

  /// Whether the bytes are the same. Not for secrets.
  public func isSame(as other: RawSpan) -> Bool {
    byteCount == other.byteCount && order(to: other) == 0
  }
}

extension MutableRawSpan {
  /// Overwrites the bytes from `offset` on with `source`. A range outside is our own mistake.
  @inlinable
  public mutating func write(_ source: RawSpan, at offset: Int) {
    precondition(offset >= 0 && offset <= byteCount - source.byteCount)
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
  }
}
