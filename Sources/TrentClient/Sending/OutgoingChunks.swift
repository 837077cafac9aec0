internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory
internal import Transport

/// The source could not be read to its end, or is not what was offered. The sender's own fault.
struct SourceFailure: Error, CustomStringConvertible {
  let description: String
}

/// Reads a source one chunk ahead, so that the last chunk is known when it is sealed, and seals and
/// sends. Two buffers, used again and again.
struct OutgoingChunks: ~Copyable {
  private var sealer: ChunkSealer
  private let announcedSize: UInt64?
  private let chunkSize: Int
  /// The chunk to send next, and how much of it is filled.
  private var current: [UInt8]
  private var count = 0
  /// The chunk after it.
  private var following: [UInt8]
  private var followingCount = 0
  private var hasBegun = false
  private var readCount: UInt64 = 0

  init(_ sealer: consuming ChunkSealer, announcedSize: UInt64?) {
    chunkSize = sealer.chunkSize.byteCount
    current = [UInt8](repeating: 0, count: chunkSize)
    following = current
    self.sealer = sealer
    self.announcedSize = announcedSize
  }

  /// Makes the next chunk the current one.
  ///
  /// - Returns: false when the last one has been sent.
  mutating func readNext(_ input: inout InputSource) throws(SourceFailure) -> Bool {
    guard !sealer.isFinished else { return false }
    if hasBegun {
      swap(&current, &following)
      count = followingCount
    } else {
      hasBegun = true
      count = try Self.fill(&current, &input)
      try account(for: count)
    }
    // A chunk that is not full is the last one.
    followingCount = count == chunkSize ? try Self.fill(&following, &input) : 0
    try account(for: followingCount)
    if followingCount == 0, let announcedSize, readCount < announcedSize {
      throw SourceFailure(
        description: "The file became shorter while it was sent. Send it again.")
    }
    return true
  }

  private mutating func account(for count: Int) throws(SourceFailure) {
    readCount += UInt64(count)
    guard readCount <= announcedSize ?? .max else {
      throw SourceFailure(
        description: "The file became longer while it was sent. Send it again.")
    }
  }

  private static func fill(
    _ buffer: inout [UInt8], _ input: inout InputSource
  ) throws(SourceFailure) -> Int {
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    return try input.read(into: &bytes)
  }

  /// Seals the current chunk and sends it.
  mutating func sendNext(over stream: borrowing StreamConnection) throws(TransportFailure) {
    let sealed = sealNext()
    try stream.sendPeerFrame(
      sealed.type, payload: sealed.chunk.bytes, stallLimit: PeerConnection.stallLimit)
  }

  /// A chunk as it travels.
  struct Sealed: ~Copyable {
    let type: PeerFrameType
    let chunk: BulkText
  }

  /// Seals the current chunk.
  mutating func sealNext() -> Sealed {
    let isLast = followingCount == 0
    let plaintext = current
    let chunk = sealer.seal(plaintext.bytes.extracting(first: count), isLast: isLast)
    return Sealed(type: isLast ? .lastChunk : .chunk, chunk: chunk)
  }

  /// Adds what the current chunk has in it to a hash.
  func update(_ hasher: inout SHA256Hasher) {
    let plaintext = current
    hasher.update(plaintext.bytes.extracting(first: count))
  }

  /// Plaintext bytes sealed so far.
  var byteCount: UInt64 { sealer.byteCount }
}
