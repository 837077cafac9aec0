public import Cryptography
public import SecretMemory

/// Opens a file chunk by chunk. A failure is final.
public struct ChunkOpener: ~Copyable {
  /// How many bytes each chunk but the last has.
  public let chunkSize: ChunkSize
  /// What the offer says, in bytes; nil when the sender did not know.
  public let announcedSize: UInt64?
  /// Plaintext bytes opened so far, with those of the chunks before the first one.
  public internal(set) var byteCount: UInt64
  /// Whether the last chunk has been opened.
  public private(set) var isFinished = false

  private let cipher: BulkCipher
  private var nonce: ChunkNonce
  private var hasFailed = false

  /// - Parameters:
  ///   - fileKey: The offer's.
  ///   - binding: The hash of the Noise handshake that the file is received in.
  ///   - firstChunk: The number of the chunk that comes first: those before it have been opened
  ///     before. A number that no content reaches is our own mistake.
  public init(
    fileKey: borrowing SecretBytes, binding: RawSpan, chunkSize: ChunkSize, announcedSize: UInt64?,
    firstChunk: UInt64 = 0
  ) {
    self.chunkSize = chunkSize
    self.announcedSize = announcedSize
    byteCount = firstChunk * UInt64(chunkSize.byteCount)
    nonce = ChunkNonce(at: firstChunk)
    cipher = BulkCipher(ChunkNonce.streamKey(fileKey: fileKey, binding: binding))
  }

  /// Opens the next chunk.
  ///
  /// - Parameters:
  ///   - sealed: Ciphertext and tag.
  ///   - isLast: What the framing says. It need not be trusted: the tag tells.
  /// - Returns: The plaintext, of which there is none before the tag has been verified.
  public mutating func open(_ sealed: RawSpan, isLast: Bool) throws(ChunkFailure) -> BulkText {
    guard !hasFailed else { throw .failedBefore }
    // Until the end of this function: whatever throws below is final.
    hasFailed = true
    guard !isFinished else { throw .afterLast }
    let count = sealed.byteCount - ChunkNonce.tagByteCount
    guard chunkSize.allows(count, isFirst: nonce.isFirst, isLast: isLast) else {
      throw .wrongLength
    }
    let (total, overflow) = byteCount.addingReportingOverflow(UInt64(count))
    guard !overflow, total <= announcedSize ?? .max else { throw .tooLong }
    nonce.mark(isLast: isLast)
    let plaintext: BulkText
    do throws(AuthenticationFailure) {
      plaintext = try cipher.open(sealed, nonce: nonce.bytes.bytes)
    } catch {
      throw .notAuthentic
    }
    nonce.advance()
    byteCount = total
    isFinished = isLast
    hasFailed = false
    return plaintext
  }

  /// Confirms that the file is whole: the last chunk was opened and the announced size reached.
  /// Nothing is complete before this has returned.
  public func finish() throws(ChunkFailure) {
    guard !hasFailed else { throw .failedBefore }
    guard isFinished else { throw .truncated }
    guard byteCount == announcedSize ?? byteCount else { throw .tooShort }
  }
}
