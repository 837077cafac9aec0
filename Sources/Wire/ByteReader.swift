public import SecretMemory

/// Reads fields from borrowed bytes, front to back, and never past their end.
///
/// Integers are big-endian. Every reading function throws `WireError.truncated` when the bytes do
/// not hold the whole field. `finish` refuses bytes that are left over.
public struct ByteReader: ~Copyable, ~Escapable {
  private var rest: RawSpan

  /// Reads `bytes` from front to back.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { rest = bytes }

  /// How many bytes are left.
  public var remaining: Int { rest.byteCount }

  /// The next `count` bytes, borrowed.
  @_lifetime(copy self)
  public mutating func span(_ count: Int) throws(WireError) -> RawSpan {
    guard count >= 0, count <= rest.byteCount else { throw .truncated }
    let field = rest.extracting(first: count)
    rest = rest.extracting(droppingFirst: count)
    return field
  }

  /// All bytes that are left, borrowed.
  @_lifetime(copy self)
  public mutating func remainder() -> RawSpan {
    let field = rest
    rest = rest.extracting(last: 0)
    return field
  }

  private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type)
    throws(WireError) -> Value
  {
    let field = try span(MemoryLayout<Value>.size)
    return unsafe Value(bigEndian: field.unsafeLoadUnaligned(as: Value.self))
  }

  /// The next byte.
  public mutating func uint8() throws(WireError) -> UInt8 { try integer(UInt8.self) }
  /// The next two bytes.
  public mutating func uint16() throws(WireError) -> UInt16 { try integer(UInt16.self) }
  /// The next four bytes.
  public mutating func uint32() throws(WireError) -> UInt32 { try integer(UInt32.self) }
  /// The next eight bytes.
  public mutating func uint64() throws(WireError) -> UInt64 { try integer(UInt64.self) }

  /// `count` bytes that are public.
  public mutating func bytes(_ count: Int) throws(WireError) -> [UInt8] { [UInt8](try span(count)) }

  /// `count` bytes that are secret, in memory of their own.
  public mutating func secret(_ count: Int) throws(WireError) -> SecretBytes {
    SecretBytes(copying: try span(count))
  }

  /// A field with its length before it, as two bytes; at most `limit` bytes.
  @_lifetime(copy self)
  public mutating func prefixed(limit: Int) throws(WireError) -> RawSpan {
    let count = Int(try uint16())
    guard count <= limit else { throw .invalid("length") }
    return try span(count)
  }

  /// Refuses bytes after the last field.
  public func finish() throws(WireError) {
    guard rest.byteCount == 0 else { throw .trailingBytes }
  }
}

extension RawSpan {
  /// Whether all bytes are zero: padding. What it says of a secret, it may say in its time as well.
  var isZero: Bool {
    for offset in byteOffsets {
      guard unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) == 0 else { return false }
    }
    return true
  }
}
