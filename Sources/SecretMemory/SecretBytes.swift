internal import COpenSSL
internal import Glibc

/// Bytes of a secret: one owner, one heap buffer, erased when the owner lets go.
///
/// The bytes never pass through `Array` or `String`. Printing a value shows `<secret>`. Tables that
/// must hold secrets hold a final class that owns one of these.
@safe
public struct SecretBytes: ~Copyable, @unchecked Sendable {
  // Never shared: the only copies of this pointer are borrowed through `bytes`.
  @usableFromInline internal let storage: UnsafeMutableRawBufferPointer

  /// `count` bytes of which nobody knows what they are: to be written before they are read.
  @unsafe
  public init(uninitialized count: Int) {
    // Not `allocate`, which asks for aligned memory in a way that takes three times as long.
    guard let start = unsafe LockedMemory.allocate(count) ?? malloc(max(count, 1)) else {
      preconditionFailure("out of memory")
    }
    unsafe storage = UnsafeMutableRawBufferPointer(start: start, count: count)
  }

  /// `count` zero bytes, then whatever `body` writes over them.
  public init<Failure: Error>(
    count: Int, initializingWith body: (inout MutableRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    unsafe self.init(uninitialized: count)
    unsafe storage.initializeMemory(as: UInt8.self, repeating: 0)
    var span = mutableBytes
    try body(&span)
  }

  /// A second copy of bytes that live elsewhere; whoever owns those still has to erase them.
  public init(copying bytes: RawSpan) {
    unsafe self.init(uninitialized: bytes.byteCount)
    unsafe bytes.withUnsafeBytes { source in unsafe storage.copyMemory(from: source) }
  }

  deinit {
    guard let start = unsafe storage.baseAddress else { return }
    unsafe explicit_bzero(start, storage.count)
    if unsafe !LockedMemory.release(start, storage.count) { unsafe free(start) }
  }

  /// How many bytes there are.
  @inlinable public var count: Int { unsafe storage.count }

  /// The bytes, as long as this value lives: nothing may keep them.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      unsafe _overrideLifetime(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(storage)), borrowing: self)
    }
  }

  /// The bytes, to be written.
  @inlinable public var mutableBytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      unsafe _overrideLifetime(MutableRawSpan(_unsafeBytes: storage), mutating: &self)
    }
  }

  /// Writes `source` over the bytes from `offset` on. A range outside is our own mistake.
  @inlinable
  public mutating func overwrite(at offset: Int, with source: RawSpan) {
    var bytes = mutableBytes
    bytes.write(source, at: offset)
  }

  /// A copy with an owner of its own.
  public borrowing func duplicate() -> SecretBytes { SecretBytes(copying: bytes) }

  /// The bytes from `offset` on, `count` of them, as a secret of its own.
  ///
  /// The range is the caller's own arithmetic, never a number from outside.
  public borrowing func part(from offset: Int, count: Int) -> SecretBytes {
    precondition(offset >= 0 && count >= 0 && offset <= self.count - count)
    return SecretBytes(copying: bytes.extracting(offset..<(offset + count)))
  }

  /// Says nothing of the bytes.
  public var description: String { "<secret>" }
}

/// Whether two byte strings are the same, in a time that depends on their lengths alone.
public func equalInConstantTime(_ left: RawSpan, _ right: RawSpan) -> Bool {
  guard left.byteCount == right.byteCount else { return false }
  return unsafe left.withUnsafeBytes { l in
    unsafe right.withUnsafeBytes { r in
      unsafe l.isEmpty || CRYPTO_memcmp(l.baseAddress, r.baseAddress, l.count) == 0
    }
  }
}
