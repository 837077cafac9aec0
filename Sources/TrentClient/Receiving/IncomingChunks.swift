internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory

/// Opens chunks, one buffer for all of them, and writes what has been authenticated.
struct IncomingChunks: ~Copyable {
  /// Room for one chunk and its tag.
  var buffer: [UInt8]
  private var opener: ChunkOpener
  private var output: AtomicFile
  private var copy: SealedCopyWriter?

  init(
    _ opener: consuming ChunkOpener, output: consuming AtomicFile,
    copy: consuming SealedCopyWriter?
  ) {
    buffer = [UInt8](repeating: 0, count: opener.chunkSize.sealedByteCount)
    self.opener = opener
    self.output = output
    self.copy = copy
  }

  /// Opens the chunk in the first `count` bytes of the buffer, and writes it.
  ///
  /// - Throws: `ChunkFailure` or `FileFailure`.
  mutating func take(_ count: Int, isLast: Bool) throws {
    let chunk = buffer
    let plaintext = try opener.open(chunk.bytes.extracting(first: count), isLast: isLast)
    try output.write(plaintext.bytes)
    try copy?.write(plaintext.bytes, isLast: isLast)
  }

  /// Puts the file and its copy in their places, if they are whole. They are on the disk when this
  /// returns.
  ///
  /// - Returns: how many bytes of plaintext it has.
  /// - Throws: `ChunkFailure` or `FileFailure`.
  consuming func finish() throws -> UInt64 {
    try opener.finish()
    let byteCount = opener.byteCount
    try copy.take()?.commit()
    try output.commit()
    return byteCount
  }
}
