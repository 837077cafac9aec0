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

  init(
    _ path: String, _ header: SealedCopyHeader, fileKey: borrowing SecretBytes,
    chunkSize: ChunkSize
  ) throws(FileFailure) {
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(header.bytes.bytes)
    self.file = file
    sealer = ChunkSealer(fileKey: fileKey, binding: header.binding.bytes, chunkSize: chunkSize)
  }

  /// Seals and writes one chunk, all but the last of them whole.
  mutating func write(_ plaintext: RawSpan, isLast: Bool) throws(FileFailure) {
    let sealed = sealer.seal(plaintext, isLast: isLast)
    try file.write(sealed.bytes)
  }

  /// On the disk when this returns.
  consuming func commit() throws(FileFailure) { try file.commit() }
}
