extension [UInt8] {
  /// The array's bytes, borrowed.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get { unsafe span.bytes }
  }

  /// A copy of borrowed bytes. For what is public: secrets are copied into `SecretBytes`.
  public init(_ bytes: RawSpan) {
    unsafe self = bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension MutableRawSpan {
  /// Overwrites the bytes from `offset` on with `source`. A range outside is our own mistake.
  public mutating func write(_ source: RawSpan, at offset: Int) {
    precondition(offset >= 0 && offset <= byteCount - source.byteCount)
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
  }
}
