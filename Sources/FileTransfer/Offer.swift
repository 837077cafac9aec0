public import SecretMemory
public import Wire

/// The sender's first message: what the file is, and the key that it will be sealed under.
///
/// Kind 0x01, file key (32), chunk size (4), size (8, all ones when unknown), name (prefixed, at
/// most 255 bytes of UTF-8, empty when there is none).
@frozen
public struct Offer: ~Copyable, Sendable {
  /// 32 random bytes for this file alone.
  public let fileKey: SecretBytes
  public let chunkSize: ChunkSize
  /// In bytes; nil when the sender does not know, as with a pipe.
  public let size: UInt64?
  /// As the sender says it: not a path to be opened, and shown as `SafeText` only.
  public let name: String

  public static let fileKeyByteCount = 32
  public static let nameByteLimit = 255
  private static let unknownSize = UInt64.max

  /// Refuses a name of more than 255 bytes and a size of 2^64 - 1. A key that does not have 32
  /// bytes is our own mistake.
  public init(
    fileKey: consuming SecretBytes, chunkSize: ChunkSize, size: UInt64?, name: String
  ) throws(WireError) {
    precondition(fileKey.count == Self.fileKeyByteCount)
    guard name.utf8.count <= Self.nameByteLimit else { throw .invalid("name") }
    guard size != Self.unknownSize else { throw .invalid("size") }
    self.fileKey = fileKey
    self.chunkSize = chunkSize
    self.size = size
    self.name = name
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.offer)
    let fileKey = try reader.secret(Self.fileKeyByteCount)
    guard let chunkSize = ChunkSize(try reader.uint32()) else { throw .invalid("chunk size") }
    let size = try reader.uint64()
    let field = [UInt8](try reader.prefixed(limit: Self.nameByteLimit))
    guard let name = String(validating: field, as: UTF8.self) else { throw .invalid("name") }
    try reader.finish()
    try self.init(
      fileKey: fileKey, chunkSize: chunkSize, size: size == Self.unknownSize ? nil : size,
      name: name)
  }

  /// The record, which holds the file key.
  public borrowing func encoded() -> SecretBytes {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.offer.rawValue)
    writer.bytes(fileKey.bytes)
    writer.uint32(UInt32(chunkSize.byteCount))
    writer.uint64(size ?? Self.unknownSize)
    writer.prefixed(name)
    return writer.secret()
  }
}
