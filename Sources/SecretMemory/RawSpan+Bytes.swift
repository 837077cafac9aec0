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
