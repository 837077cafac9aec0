/// How much of the content a receiver has already, and the hash by which the sender sees whether
/// it is the beginning of what is sent now.
public struct ResumePoint: Hashable, Sendable {
  /// A hash is SHA-256's.
  public static let hashByteCount = 32

  /// In bytes of content.
  public let offset: UInt64
  /// SHA-256 of that many bytes; zeros when there are none.
  public let hash: [UInt8]

  /// Nothing is there yet.
  public static let beginning = ResumePoint(
    unchecked: 0, hash: [UInt8](repeating: 0, count: hashByteCount))

  /// A hash that does not have 32 bytes is our own mistake.
  public init(offset: UInt64, hash: [UInt8]) {
    precondition(hash.count == Self.hashByteCount)
    self = offset == 0 ? .beginning : ResumePoint(unchecked: offset, hash: hash)
  }

  private init(unchecked offset: UInt64, hash: [UInt8]) {
    self.offset = offset
    self.hash = hash
  }

  /// Whether it can be a point of this content: a stream and a text begin at their beginning.
  public func fits(_ manifest: Manifest) -> Bool {
    offset == 0 || manifest.content == .files && offset <= manifest.totalSize ?? 0
  }

  /// Where the sender starts: there, if its own bytes are the same, else at the beginning.
  ///
  /// - Parameter ownHash: SHA-256 of as many bytes of the sender's own.
  public func start(ownHash: [UInt8]) -> Start {
    Start(offset: offset > 0 && ownHash == hash ? offset : 0)
  }
}
