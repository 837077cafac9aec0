internal import Cryptography
public import SecretMemory
internal import Wire

/// How far an audit file has come, and the key that is next: what the KDC keeps beside it.
public struct AuditState: ~Copyable, Sendable {
  /// How many records there are.
  public let count: UInt64
  /// The length of the file with them, in bytes.
  public let length: UInt64
  /// Whether the KDC has ended as it should, so that no record came after these.
  public let hasEnded: Bool
  /// Of the last record.
  public let mac: [UInt8]
  let head: [UInt8]
  let key: SecretBytes

  init(
    count: UInt64, length: UInt64, hasEnded: Bool = false, mac: [UInt8], head: [UInt8],
    key: consuming SecretBytes
  ) {
    self.count = count
    self.length = length
    self.hasEnded = hasEnded
    self.mac = mac
    self.head = head
    self.key = key
  }

  /// Of an audit file that begins.
  public init(initialKey: consuming SecretBytes) {
    let zeros = [UInt8](repeating: 0, count: SHA256.byteCount)
    self.init(count: 0, length: 0, mac: zeros, head: zeros, key: initialKey)
  }

  // MARK: As bytes

  private static let magic = [UInt8]("trent audit state v1\n".utf8)
  private static let initialMagic = [UInt8]("trent audit initial v1\n".utf8)

  public static let byteCount = magic.count + 2 * 8 + 1 + 4 * SHA256.byteCount

  /// A line that says what it is; count, length, whether it has ended, MAC, head and key; and the
  /// SHA-256 over all that (AUDIT.md, 5).
  public func encoded() -> SecretBytes {
    var writer = ByteWriter(capacity: Self.byteCount)
    writer.bytes(Self.magic.bytes)
    writer.uint64(count)
    writer.uint64(length)
    writer.uint8(hasEnded ? 1 : 0)
    writer.bytes(mac.bytes)
    writer.bytes(head.bytes)
    writer.bytes(key.bytes)
    return Self.checked(writer)
  }

  private static func checked(_ writer: consuming ByteWriter) -> SecretBytes {
    let sum = SHA256.hash(writer.written)
    writer.bytes(sum.bytes)
    return writer.secret()
  }

  /// Nil unless the bytes are those of `encoded`.
  public init?(_ bytes: RawSpan) {
    guard let content = Self.content(of: bytes, Self.magic) else { return nil }
    var reader = ByteReader(content)
    guard let count = try? reader.uint64(), let length = try? reader.uint64(),
      let ending = try? reader.uint8(), ending <= 1,
      let mac = try? reader.bytes(SHA256.byteCount),
      let head = try? reader.bytes(SHA256.byteCount),
      reader.remaining == AuditKey.byteCount
    else { return nil }
    let key = SecretBytes(copying: reader.remainder())
    self.init(
      count: count, length: length, hasEnded: ending == 1, mac: mac, head: head, key: key)
  }

  @_lifetime(copy bytes)
  private static func content(of bytes: RawSpan, _ magic: [UInt8]) -> RawSpan? {
    guard bytes.byteCount >= magic.count + SHA256.byteCount,
      bytes.extracting(first: magic.count).isSame(as: magic.bytes)
    else { return nil }
    let covered = bytes.extracting(droppingLast: SHA256.byteCount)
    let sum = SHA256.hash(covered)
    guard bytes.extracting(last: SHA256.byteCount).isSame(as: sum.bytes) else { return nil }
    return covered.extracting(droppingFirst: magic.count)
  }

  /// The initial key as the file that the operator takes away has it.
  public static func encode(initialKey: borrowing SecretBytes) -> SecretBytes {
    var writer = ByteWriter()
    writer.bytes(initialMagic.bytes)
    writer.bytes(initialKey.bytes)
    return checked(writer)
  }

  /// Nil unless the bytes are those of `encode`.
  public static func decode(initialKey bytes: RawSpan) -> SecretBytes? {
    guard let content = content(of: bytes, initialMagic), content.byteCount == AuditKey.byteCount
    else { return nil }
    return SecretBytes(copying: content)
  }

  /// The initial key, while there are no records.
  public func encodedInitialKey() -> SecretBytes? {
    count == 0 ? Self.encode(initialKey: key) : nil
  }
}
