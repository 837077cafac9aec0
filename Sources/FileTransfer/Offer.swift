public import SecretMemory
public import Wire

/// The sender's first message: how much is offered, and the key that it will be sealed under. What
/// it is follows in batches of entries.
///
/// Kind 0x01, file key (32), chunk size (4), content (1), number of entries (4), size of all
/// files (8, all ones when unknown).
@frozen
public struct Offer: ~Copyable, Sendable {
  /// 32 random bytes for this transfer alone.
  public let fileKey: SecretBytes
  /// How many bytes each chunk but the last will have.
  public let chunkSize: ChunkSize
  /// What the content is for.
  public let content: Manifest.Content
  /// 1 to 100,000.
  public let entryCount: UInt32
  /// In bytes; nil when the sender does not know, as with a pipe.
  public let totalSize: UInt64?

  /// A fresh random key for each offer.
  public static let fileKeyByteCount = 32
  private static let unknownSize = UInt64.max

  /// What a list is offered with. A key that does not have 32 bytes is our own mistake.
  public init(fileKey: consuming SecretBytes, chunkSize: ChunkSize, _ manifest: Manifest) {
    precondition(fileKey.count == Self.fileKeyByteCount)
    self.fileKey = fileKey
    self.chunkSize = chunkSize
    content = manifest.content
    entryCount = UInt32(manifest.entries.count)
    totalSize = manifest.totalSize
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.offer)
    let fileKey = try reader.secret(Self.fileKeyByteCount)
    guard let chunkSize = ChunkSize(try reader.uint32()) else { throw .invalid("chunk size") }
    guard let content = Manifest.Content(rawValue: try reader.uint8()) else {
      throw .invalid("content")
    }
    let count = try reader.uint32()
    guard count >= 1, count <= Manifest.entryLimit, content == .files || count == 1 else {
      throw .invalid("entries")
    }
    let size = try reader.uint64()
    guard (size == Self.unknownSize) == (content == .stream),
      content != .text || size <= Manifest.textLimit
    else { throw .invalid("size") }
    try reader.finish()
    self.fileKey = fileKey
    self.chunkSize = chunkSize
    self.content = content
    entryCount = count
    totalSize = size == Self.unknownSize ? nil : size
  }

  /// The record, which holds the file key.
  public borrowing func encoded() -> SecretBytes {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.offer.rawValue)
    writer.bytes(fileKey.bytes)
    writer.uint32(UInt32(chunkSize.byteCount))
    writer.uint8(content.rawValue)
    writer.uint32(entryCount)
    writer.uint64(totalSize ?? Self.unknownSize)
    return writer.secret()
  }
}
