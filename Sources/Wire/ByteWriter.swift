public import SecretMemory

/// Writes fields one after the other into memory that erases itself, so that it serves public
/// messages and plaintexts with secrets in them alike. Integers are big-endian.
public struct ByteWriter: ~Copyable {
  private var buffer: SecretBytes
  /// How many bytes have been written.
  public private(set) var count = 0

  /// - Parameter capacity: bytes that fit before the buffer has to grow.
  public init(capacity: Int = 256) {
    buffer = SecretBytes(count: max(capacity, 16)) { _ in }
  }

  private mutating func reserve(_ additional: Int) {
    guard buffer.count - count < additional else { return }
    let written = count
    var larger = SecretBytes(count: max(buffer.count * 2, count + additional)) { _ in }
    larger.overwrite(at: 0, with: buffer.bytes.extracting(first: written))
    buffer = larger
  }

  public mutating func bytes(_ field: RawSpan) {
    reserve(field.byteCount)
    buffer.overwrite(at: count, with: field)
    count += field.byteCount
  }

  private mutating func integer(_ value: some FixedWidthInteger & BitwiseCopyable) {
    let size = value.bitWidth / 8
    reserve(size)
    let offset = count
    var span = buffer.mutableBytes
    span.storeBytes(of: value.bigEndian, toByteOffset: offset, as: type(of: value))
    count += size
  }

  public mutating func uint8(_ value: UInt8) { integer(value) }
  public mutating func uint16(_ value: UInt16) { integer(value) }
  public mutating func uint32(_ value: UInt32) { integer(value) }
  public mutating func uint64(_ value: UInt64) { integer(value) }

  /// A field with its length before it, as two bytes. More than 65535 bytes are our own mistake.
  public mutating func prefixed(_ field: RawSpan) {
    precondition(field.byteCount <= Int(UInt16.max))
    uint16(UInt16(field.byteCount))
    bytes(field)
  }

  /// The same for text, in UTF-8.
  public mutating func prefixed(_ text: String) {
    let count = text.utf8.count
    precondition(count <= Int(UInt16.max))
    uint16(UInt16(count))
    self.text(text)
  }

  /// Text in UTF-8, without its length.
  mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      let field = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(utf8))
      bytes(field)
    }
  }

  public mutating func zeros(_ count: Int) {
    reserve(count)
    let offset = self.count
    var span = buffer.mutableBytes
    for position in offset..<(offset + count) {
      span.storeBytes(of: 0, toByteOffset: position, as: UInt8.self)
    }
    self.count += count
  }

  /// What has been written so far, borrowed.
  public var written: RawSpan {
    @_lifetime(borrow self)
    borrowing get { buffer.bytes.extracting(first: count) }
  }

  /// What has been written, as a secret.
  public consuming func secret() -> SecretBytes { SecretBytes(copying: written) }

  /// What has been written, when nothing of it is secret.
  public consuming func publicBytes() -> [UInt8] { [UInt8](written) }
}
