public import Cryptography
public import SecretMemory

/// Seals a file chunk by chunk.
public struct ChunkSealer: ~Copyable {
  /// How many bytes each chunk but the last has.
  public let chunkSize: ChunkSize
  /// Plaintext bytes sealed so far.
  public private(set) var byteCount: UInt64 = 0
  /// Whether the last chunk has been sealed.
  public private(set) var isFinished = false

  private let cipher: BulkCipher
  private var nonce = ChunkNonce()

  /// - Parameters:
  ///   - fileKey: 32 random bytes, never used for another stream of the same binding.
  ///   - binding: The hash of the Noise handshake that the file is sent in.
  public init(fileKey: borrowing SecretBytes, binding: RawSpan, chunkSize: ChunkSize) {
    self.chunkSize = chunkSize
    cipher = BulkCipher(ChunkNonce.streamKey(fileKey: fileKey, binding: binding))
  }

  /// Seals the next chunk.
  ///
  /// Another length than the rules below ask for, or a chunk after the last, is our own mistake.
  /// - Parameters:
  ///   - plaintext: Exactly the chunk size, or that at most when it is the last chunk; nothing only
  ///     in an empty file.
  ///   - isLast: Whether no chunk follows. The receiver has to be told.
  /// - Returns: Ciphertext and tag.
  public mutating func seal(_ plaintext: RawSpan, isLast: Bool) -> BulkText {
    let count = plaintext.byteCount
    precondition(!isFinished)
    precondition(
      chunkSize.allows(count, isFirst: nonce.isFirst, isLast: isLast))
    byteCount += UInt64(count)
    nonce.mark(isLast: isLast)
    let sealed = cipher.seal(plaintext, nonce: nonce.bytes.bytes)
    nonce.advance()
    isFinished = isLast
    return sealed
  }
}

extension ChunkSize {
  /// Whether a chunk may have `count` plaintext bytes, so that every file has one form: all chunks
  /// are full but the last, which is empty only in an empty file.
  func allows(_ count: Int, isFirst: Bool, isLast: Bool) -> Bool {
    if count == byteCount { return true }
    return isLast && count < byteCount && (count > 0 || count == 0 && isFirst)
  }
}
