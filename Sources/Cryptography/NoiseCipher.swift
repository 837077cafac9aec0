public import SecretMemory

/// One direction of a Noise session: AES-256-GCM with a counter for a nonce (revision 34, section
/// 5.1). Messages must arrive complete and in order; any failure is final.
public struct NoiseCipher: ~Copyable, Sendable {
  /// The longest message, tag included (section 3).
  public static let maximumByteCount = 65535

  private let context: GCMContext
  private var counter: UInt64
  private var failure: NoiseFailure?

  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - counter: the number of messages before this one.
  init(key: RawSpan, counter: UInt64 = 0) {
    context = GCMContext(key: key)
    self.counter = counter
  }

  /// The sealed form of the next message, 16 bytes longer than `plaintext`.
  ///
  /// - Parameter plaintext: at most 65519 bytes.
  public mutating func seal(_ plaintext: RawSpan) throws(NoiseFailure) -> [UInt8] {
    try seal(plaintext, authenticating: RawSpan())
  }

  /// The plaintext of the next message.
  public mutating func open(_ ciphertext: RawSpan) throws(NoiseFailure) -> SecretBytes {
    try open(ciphertext, authenticating: RawSpan())
  }

  /// As `seal`, with associated data: the transcript of a handshake.
  mutating func seal(
    _ plaintext: RawSpan, authenticating: RawSpan
  ) throws(NoiseFailure) -> [UInt8] {
    precondition(plaintext.byteCount <= Self.maximumByteCount - GCMContext.tagByteCount)
    let nonce = try nextNonce()
    return context.seal(
      plaintext, behind: RawSpan(), nonce: nonce.bytes, authenticating: authenticating)
  }

  /// As `open`, with associated data.
  mutating func open(
    _ ciphertext: RawSpan, authenticating: RawSpan
  ) throws(NoiseFailure) -> SecretBytes {
    let nonce = try nextNonce()
    guard
      (GCMContext.tagByteCount...Self.maximumByteCount).contains(ciphertext.byteCount)
    else { throw fail(.malformed) }
    do {
      return try context.open(ciphertext, nonce: nonce.bytes, authenticating: authenticating)
    } catch {
      throw fail(.authentication)
    }
  }

  private mutating func fail(_ failure: NoiseFailure) -> NoiseFailure {
    self.failure = failure
    return failure
  }

  /// Four zero bytes and the counter in big-endian order (section 12.4). Its last value is reserved
  /// (section 5.1).
  private mutating func nextNonce() throws(NoiseFailure) -> [UInt8] {
    if let failure { throw failure }
    guard counter < .max else { throw fail(.exhausted) }
    let nonce = [0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - 8 * $0)) }
    counter += 1
    return nonce
  }
}
