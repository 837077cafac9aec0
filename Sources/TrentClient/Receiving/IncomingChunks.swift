internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory

/// Opens chunks, one buffer for all of them, and writes what has been authenticated.
struct IncomingChunks: ~Copyable {
  /// Room for one chunk and its tag.
  var buffer: [UInt8]
  private var opener: ChunkOpener
  private var content: IncomingContent
  private let sizeLimit: UInt64?

  /// - Parameter sizeLimit: The most bytes to take.
  init(
    _ opener: consuming ChunkOpener, content: consuming IncomingContent, sizeLimit: UInt64?
  ) {
    buffer = [UInt8](repeating: 0, count: opener.chunkSize.sealedByteCount)
    self.opener = opener
    self.content = content
    self.sizeLimit = sizeLimit
  }

  /// Bytes of plaintext so far, with those that the opener was begun after.
  var byteCount: UInt64 { opener.byteCount }

  /// Opens the chunk in the first `count` bytes of the buffer, and writes it, unless there are too
  /// many bytes with it.
  ///
  /// - Throws: `ChunkFailure`, `TransferReason.tooLarge`, or what `IncomingContent` throws.
  mutating func take(_ count: Int, isLast: Bool) throws {
    let chunk = buffer
    let plaintext = try opener.open(chunk.bytes.extracting(first: count), isLast: isLast)
    if let sizeLimit, byteCount > sizeLimit { throw TransferReason.tooLarge }
    try content.write(plaintext.bytes, isLast: isLast)
  }

  /// Puts what has come in in its place, if it is whole. It is on the disk when this returns.
  ///
  /// - Parameter onceThere: as `IncomingContent` has it.
  /// - Throws: `ChunkFailure`, or what `IncomingContent` throws.
  consuming func finish(onceThere: () throws -> Void = {}) throws -> IncomingContent.End {
    try opener.finish()
    return try content.finish(onceThere: onceThere)
  }

  /// Lets go of it. What can be gone on with stays.
  consuming func abandon() { content.abandon() }
}
