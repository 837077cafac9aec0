public import SecretMemory

/// Writes fields one after the other into memory that erases itself, so that it serves public
/// messages and plaintexts with secrets in them alike. Integers are big-endian.
public struct ByteWriter: ~Copyable {
  private var buffer: SecretBytes
  /// How many bytes have been written.
  public private(set) var count = 0

  /// - Parameter capacity: bytes that fit before the buffer has to grow.
  public init(capacity: Int = 128) {
    unsafe buffer = SecretBytes(uninitialized: max(capacity, 16))
  }

  private mutating func reserve(_ additional: Int) {
    if buffer.count - count < additional { grow(additional) }
  }

  @inline(never)
  private mutating func grow(_ additional: Int) {
    let written = count
    var larger = unsafe SecretBytes(uninitialized: max(buffer.count * 2, count + additional))
    larger.overwrite(at: 0, with: buffer.bytes.extracting(first: written))
    buffer = larger
  }

  /// A field as it is: its length is known, or told elsewhere.
  public mutating func bytes(_ field: RawSpan) {
    reserve(field.byteCount)
    buffer.overwrite(at: count, with: field)
    count += field.byteCount
  }

  /// Calls `body` with what has been written from `start` on and `additional` zero bytes behind it,
  /// which then count as written: for what is sealed where it lies.
  public mutating func rewrite(
    from start: Int, adding additional: Int, _ body: (inout MutableRawSpan) -> Void
  ) {
    precondition(start >= 0 && start <= count)
    zeros(additional)
    let end = count
    var span = buffer.mutableBytes
    var part = span._mutatingExtracting(start..<end)
    body(&part)
  }

  private mutating func integer(_ value: some FixedWidthInteger & BitwiseCopyable) {
    let size = value.bitWidth / 8
    reserve(size)
    let offset = count
    var span = buffer.mutableBytes
    span.storeBytes(of: value.bigEndian, toByteOffset: offset, as: type(of: value))
    count += size
  }

  /// One byte.
  public mutating func uint8(_ value: UInt8) { integer(value) }
  /// Two bytes.
  public mutating func uint16(_ value: UInt16) { integer(value) }
  /// Four bytes.
  public mutating func uint32(_ value: UInt32) { integer(value) }
  /// Eight bytes.
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

  /// So many bytes of padding.
  public mutating func zeros(_ count: Int) {
    reserve(count)
    let offset = self.count
    var span = buffer.mutableBytes
    var padding = span._mutatingExtracting(offset..<(offset + count))
    unsafe padding.withUnsafeMutableBytes { padding in
      _ = unsafe padding.initializeMemory(as: UInt8.self, repeating: 0)
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
