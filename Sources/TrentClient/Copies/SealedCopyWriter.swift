internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What a receiver needs to keep an encrypted copy: where, whose, and under what.
final class SealedCopyKeeper {
  private let path: String
  private let owner: PrincipalName
  private let realm: Realm
  private let secret: AccountSecret

  /// Nil when no copy is asked for, or the login did not keep what it is sealed under.
  init?(_ path: String?, for login: inout Login, in realm: Realm) {
    guard let path, let secret = login.secret.take() else { return nil }
    self.path = path
    owner = login.credential.name
    self.realm = realm
    self.secret = secret
  }

  /// Begins a copy whose chunks are those of the transfer.
  func begin(chunkSize: ChunkSize) throws(FileFailure) -> SealedCopyWriter {
    var random = SystemRandom()
    let fileKey = random.secret(Offer.fileKeyByteCount)
    let header = SealedCopyHeader(
      fileKey: fileKey, owner: owner, realm: realm, secret: secret,
      chunkByteCount: UInt32(chunkSize.byteCount), random: &random)
    return try SealedCopyWriter(path, header, fileKey: fileKey, chunkSize: chunkSize)
  }
}

/// Writes an encrypted copy (PROTOCOL.md, 8): complete, or not there.
struct SealedCopyWriter: ~Copyable {
  private var file: AtomicFile
  private var sealer: ChunkSealer
  private var buffer: [UInt8]
  private let tagByteCount: Int

  init(
    _ path: String, _ header: SealedCopyHeader, fileKey: borrowing SecretBytes,
    chunkSize: ChunkSize
  ) throws(FileFailure) {
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(header.bytes.bytes)
    self.file = file
    sealer = ChunkSealer(fileKey: fileKey, binding: header.binding.bytes, chunkSize: chunkSize)
    buffer = [UInt8](repeating: 0, count: chunkSize.sealedByteCount)
    tagByteCount = chunkSize.sealedByteCount - chunkSize.byteCount
  }

  /// Seals and writes one chunk, all but the last of them whole.
  mutating func write(_ plaintext: RawSpan, isLast: Bool) throws(FileFailure) {
    let count = plaintext.byteCount + tagByteCount
    // Out of `self` for as long as a span of it is alive; the bytes stay where they are.
    var chunks: [UInt8] = []
    swap(&chunks, &buffer)
    defer { swap(&chunks, &buffer) }
    var elements = chunks.mutableSpan
    var bytes = unsafe elements.mutableBytes
    var chunk = bytes._mutatingExtracting(first: count)
    chunk.write(plaintext, at: 0)
    sealer.seal(&chunk, isLast: isLast)
    try file.write(chunk.bytes)
  }

  /// On the disk when this returns.
  consuming func commit() throws(FileFailure) { try file.commit() }
}
