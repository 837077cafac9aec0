public import SecretMemory
internal import Synchronization

/// What was to be opened is not what was sealed, or not under this key. Deliberately says no more.
public struct AuthenticationFailure: Error, Equatable {
  /// It has no parts: why something does not verify is nobody's to know.
  public init() {}
}

/// A key for sealing messages with AES-256-GCM (NIST SP 800-38D). No nonce may be used twice.
public struct SealingKey: ~Copyable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = GCMContext.keyByteCount
  /// The length of a nonce, in bytes.
  public static let nonceByteCount = GCMContext.nonceByteCount
  /// By how many bytes the sealed form is longer.
  public static let tagByteCount = GCMContext.tagByteCount

  private let secret: SecretBytes
  /// A context of libcrypto's that has the key, for the next call. Expanding the key costs as much
  /// as sealing a short message; whoever comes while it is in use makes another.
  private let idle: Mutex<GCMContext?>

  /// - Parameter secret: 32 bytes, uniformly random.
  public init(_ secret: consuming SecretBytes) {
    precondition(secret.count == Self.byteCount)
    self.secret = secret
    idle = Mutex(nil)
  }

  /// The key, 32 bytes, for whoever has to store it.
  public borrowing func secretBytes() -> SecretBytes { secret.duplicate() }

  /// Seals `plaintext`, and binds the bytes to be authenticated to it.
  ///
  /// - Parameter nonce: 12 bytes, never used before with this key.
  /// - Returns: the ciphertext, as long as the plaintext, followed by the tag, 16 bytes.
  public borrowing func seal(
    _ plaintext: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) -> [UInt8] {
    withContext { context in
      context.seal(plaintext, behind: RawSpan(), nonce: nonce, authenticating: authenticating)
    }
  }

  /// The same behind a head that goes before it as it is, so that a message is written once.
  public borrowing func seal(
    _ plaintext: RawSpan, behind head: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) -> [UInt8] {
    withContext { context in
      context.seal(plaintext, behind: head, nonce: nonce, authenticating: authenticating)
    }
  }

  /// Seals where the plaintext lies.
  ///
  /// - Parameter message: the plaintext, and 16 bytes more for the tag.
  public borrowing func seal(
    inPlace message: inout MutableRawSpan, nonce: RawSpan, authenticating: RawSpan
  ) {
    withContext { context in
      context.seal(inPlace: &message, nonce: nonce, authenticating: authenticating)
    }
  }

  /// The same under a key (32 bytes) that seals nothing else, so that nothing is kept of it.
  public static func seal(
    inPlace message: inout MutableRawSpan, once key: RawSpan, nonce: RawSpan,
    authenticating: RawSpan
  ) {
    let context = GCMContext(key: key)
    context.seal(inPlace: &message, nonce: nonce, authenticating: authenticating)
  }

  /// As `open`, under a key (32 bytes) that opens nothing else.
  public static func open(
    _ sealed: RawSpan, once key: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    let context = GCMContext(key: key)
    return try context.open(sealed, nonce: nonce, authenticating: authenticating)
  }

  /// The plaintext of `sealed`, if it was sealed under this key with just these other arguments.
  ///
  /// - Parameter nonce: 12 bytes.
  public borrowing func open(
    _ sealed: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    try withContext { (context) throws(AuthenticationFailure) in
      try context.open(sealed, nonce: nonce, authenticating: authenticating)
    }
  }

  private borrowing func withContext<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing GCMContext) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var kept: GCMContext?
    idle.withLock { idle in swap(&idle, &kept) }
    let context = kept.take() ?? GCMContext(key: secret.bytes)
    let result = try body(context)
    kept = consume context
    idle.withLock { idle in swap(&idle, &kept) }
    return result
  }
}

extension GCMContext {
  /// As `SealingKey.seal`.
  borrowing func seal(
    inPlace message: inout MutableRawSpan, nonce: RawSpan, authenticating: RawSpan
  ) {
    precondition(message.byteCount >= Self.tagByteCount)
    unsafe message.withUnsafeMutableBytes { message in
      unsafe seal(
        UnsafeRawBufferPointer(rebasing: message.dropLast(Self.tagByteCount)), nonce: nonce,
        authenticating: authenticating, into: message)
    }
  }

  /// As `SealingKey.seal`.
  borrowing func seal(
    _ plaintext: RawSpan, behind head: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) -> [UInt8] {
    let count = head.byteCount + plaintext.byteCount + Self.tagByteCount
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { output, written in
      let output = unsafe UnsafeMutableRawBufferPointer(
        start: output.baseAddress, count: count)
      unsafe head.withUnsafeBytes { head in unsafe output.copyMemory(from: head) }
      unsafe plaintext.withUnsafeBytes { input in
        unsafe seal(
          input, nonce: nonce, authenticating: authenticating,
          into: UnsafeMutableRawBufferPointer(rebasing: output[head.byteCount...]))
      }
      written = count
    }
  }

  /// As `SealingKey.open`.
  borrowing func open(
    _ sealed: RawSpan, nonce: RawSpan, authenticating: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    guard sealed.byteCount >= Self.tagByteCount, sealed.byteCount <= CInt.max else {
      throw AuthenticationFailure()
    }
    var isAuthentic = false
    // Written over as a whole, even when the tag is wrong.
    var plaintext = unsafe SecretBytes(uninitialized: sealed.byteCount - Self.tagByteCount)
    var output = plaintext.mutableBytes
    isAuthentic = unsafe output.withUnsafeMutableBytes { output in
      unsafe sealed.withUnsafeBytes { input in
        unsafe open(input, nonce: nonce, authenticating: authenticating, into: output)
      }
    }
    guard isAuthentic else { throw AuthenticationFailure() }
    return plaintext
  }
}
