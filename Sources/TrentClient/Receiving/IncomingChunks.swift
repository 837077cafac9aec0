internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory

/// Opens chunks, one buffer for all of them, and writes what has been authenticated.
struct IncomingChunks: ~Copyable {
  struct Received {
    /// Bytes of plaintext.
    let byteCount: UInt64
    /// SHA-256, 32 bytes.
    let hash: [UInt8]
  }

  /// Room for one chunk and its tag.
  var buffer: [UInt8]
  private let tagByteCount: Int
  private var opener: ChunkOpener
  private var output: AtomicFile
  private var copy: SealedCopyWriter?
  private var hasher = SHA256Hasher()

  init(
    _ opener: consuming ChunkOpener, output: consuming AtomicFile,
    copy: consuming SealedCopyWriter?
  ) {
    buffer = [UInt8](repeating: 0, count: opener.chunkSize.sealedByteCount)
    tagByteCount = opener.chunkSize.sealedByteCount - opener.chunkSize.byteCount
    self.opener = opener
    self.output = output
    self.copy = copy
  }

  /// Opens the chunk in the first `count` bytes of the buffer, and writes it.
  ///
  /// - Throws: `ChunkFailure` or `FileFailure`.
  mutating func take(_ count: Int, isLast: Bool) throws {
    // Out of `self` for as long as a span of it is alive; the bytes stay where they are.
    var chunks: [UInt8] = []
    swap(&chunks, &buffer)
    defer { swap(&chunks, &buffer) }
    var elements = chunks.mutableSpan
    var bytes = unsafe elements.mutableBytes
    var chunk = bytes._mutatingExtracting(first: count)
    try opener.open(&chunk, isLast: isLast)
    let plaintext = chunk.bytes.extracting(droppingLast: tagByteCount)
    hasher.update(plaintext)
    try output.write(plaintext)
    try copy?.write(plaintext, isLast: isLast)
  }

  /// Puts the file and its copy in their places, if they are whole. They are on the disk when this
  /// returns.
  ///
  /// - Throws: `ChunkFailure` or `FileFailure`.
  consuming func finish() throws -> Received {
    try opener.finish()
    let byteCount = opener.byteCount
    try copy.take()?.commit()
    try output.commit()
    return Received(byteCount: byteCount, hash: hasher.finish())
  }
}
