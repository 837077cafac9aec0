/// Is told how far a transfer has come.
public protocol TransferProgress: Sendable {
  /// The content begins to travel.
  ///
  /// - Parameters:
  ///   - total: In bytes; nil when nobody knows.
  ///   - offset: How many of them were there already.
  func began(total: UInt64?, offset: UInt64)

  /// So many bytes have been sent or received, those that were there already included.
  func advanced(to byteCount: UInt64)

  /// Nothing more comes, whether or not the transfer went well.
  func ended()
}

/// Says nothing.
public struct SilentProgress: TransferProgress {
  public init() {}
  public func began(total: UInt64?, offset: UInt64) {}
  public func advanced(to byteCount: UInt64) {}
  public func ended() {}
}
