internal import SecretMemory
internal import Wire

/// What a derivation or a seal is bound to: a label and public fields behind it, each with its
/// length before it. A `ByteWriter` writes the same; this one lies on the stack, since every
/// granting request has three.
struct Context {
  private var storage = InlineArray<128, UInt8>(repeating: 0)
  private var count = 0

  /// The label, with the realm that it belongs to as its first field.
  init(_ label: Label, in realm: Realm) {
    var text = label.rawValue
    text.withUTF8 { text in
      unsafe prefixed(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(text)))
    }
    prefixed(realm.idBytes.bytes)
  }

  /// More than there is room for is our own mistake.
  mutating func prefixed(_ field: RawSpan) {
    precondition(field.byteCount <= storage.count - 2 - count)
    let start = count
    var span = storage.mutableSpan
    var bytes = unsafe span.mutableBytes
    bytes.storeBytes(of: UInt16(field.byteCount).bigEndian, toByteOffset: start, as: UInt16.self)
    bytes.write(field, at: start + 2)
    count = start + 2 + field.byteCount
  }

  var written: RawSpan {
    @_lifetime(borrow self)
    borrowing get { unsafe storage.span.bytes.extracting(first: count) }
  }
}
