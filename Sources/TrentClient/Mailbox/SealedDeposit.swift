internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import Transport
internal import Wire

/// A deposit in a file of the sender's (PROTOCOL.md, 5.8), ready to be left.
///
/// Whoever tries again leaves the same bytes: no chunk is ever sealed twice. The file: magic, the
/// deposit, SHA-256 of the content of files (else zeros), id, identity key of the receiver, until
/// when its login opens it. Nobody opens it without the receiver's keys.
struct SealedDeposit: ~Copyable {
  private static let magic = [UInt8]("trent outbox v1\n".utf8)

  /// What stands behind the deposit.
  private struct Trailer {
    static let byteCount = SHA256.byteCount + DepositID.byteCount + VerifyingKey.byteCount + 8

    let contentHash: [UInt8]
    let id: DepositID
    /// The identity key of the receiver, and until when its login opens this.
    let identity: [UInt8]
    let expires: Timestamp

    init(_ bytes: RawSpan) throws(WireError) {
      var reader = ByteReader(bytes)
      contentHash = try reader.bytes(SHA256.byteCount)
      id = try reader.depositID()
      identity = try reader.bytes(VerifyingKey.byteCount)
      expires = try reader.timestamp()
      try reader.finish()
    }
  }

  /// How many bytes are to be left.
  let byteCount: UInt64
  private let trailer: Trailer
  private let file: OpenFile

  private init(_ file: consuming OpenFile, byteCount: UInt64, _ trailer: Trailer) {
    self.file = file
    self.byteCount = byteCount
    self.trailer = trailer
  }

  var id: DepositID { trailer.id }
  /// SHA-256 of what is sent, all files one after the other. Zeros for anything else, which is
  /// never compared, and might be guessed.
  var contentHash: [UInt8] { trailer.contentHash }

  /// Whether its receiver, as the KDC tells of it now, has the time to fetch it: a day, or all that
  /// there is.
  func lasts(for receiver: PeerClaim, at now: Timestamp) -> Bool {
    trailer.identity == receiver.identity.bytes
      && (trailer.expires >= receiver.expires || trailer.expires >= now + .days(1))
  }

  /// The deposit in a file; nil when there is none, or the file is not one.
  static func read(_ path: String) throws(ClientFailure) -> SealedDeposit? {
    do throws(FileFailure) {
      return try read(OpenFile(reading: path))
    } catch {
      guard error.isAbsence else { throw ClientFailure(error) }
      return nil
    }
  }

  private static func read(_ file: consuming OpenFile) throws(FileFailure) -> SealedDeposit? {
    let around = UInt64(magic.count + Trailer.byteCount)
    guard let size = try file.size(), size > around else { return nil }
    let head = try bytes(magic.count, of: file, at: 0)
    let trailer = try bytes(Trailer.byteCount, of: file, at: size - UInt64(Trailer.byteCount))
    guard head == magic, let trailer = try? Trailer(trailer.bytes) else { return nil }
    return SealedDeposit(file, byteCount: size - around, trailer)
  }

  private static func bytes(
    _ count: Int, of file: borrowing OpenFile, at offset: UInt64
  ) throws(FileFailure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    let read = try file.read(at: offset, into: &bytes)
    return [UInt8](buffer.prefix(read))
  }

  /// Reads what fits into the buffer, and there is, of the deposit from an offset on.
  ///
  /// - Returns: how many bytes that are, at least 1.
  func read(at offset: UInt64, into buffer: inout [UInt8]) throws(ClientFailure) -> Int {
    let wanted = Int(min(UInt64(buffer.count), byteCount - offset))
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    var room = bytes._mutatingExtracting(first: wanted)
    do throws(FileFailure) {
      guard try file.read(at: UInt64(Self.magic.count) + offset, into: &room) == wanted, wanted > 0
      else { throw FileFailure(path: file.path, operation: .read, errno: 0) }
      return wanted
    } catch {
      throw ClientFailure(error)
    }
  }

  // MARK: Writing

  /// Step G1: seals `input`, from its beginning on, into a file that is on the disk when this
  /// returns.
  static func write(
    _ input: inout InputSource, under ticket: consuming PeerTickets.Trusted,
    by credential: borrowing Credential, to path: String
  ) throws(ClientFailure) {
    do {
      try withFiles { () throws(FileFailure) in try createPrivateFolders(parentFolder(of: path)) }
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(magic.bytes)
      let receiver = ticket.grant.peerClaim
      let (hash, id) = try write(&input, ticket, credential, to: &file)
      try file.write(hash.bytes)
      try file.write(id.bytes)
      var trailer = ByteWriter()
      trailer.bytes(receiver.identity.encoding)
      trailer.timestamp(receiver.expires)
      let end = trailer.publicBytes()
      try file.write(end.bytes)
      try file.commit()
    } catch let error as FileFailure {
      throw ClientFailure(error)
    } catch let error as SourceFailure {
      throw ClientFailure(.fileFailure, error.description)
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw ClientFailure(.other, "It could not be sealed: \(error).")
    }
  }

  /// - Returns: the hash of the content, and that of the letter.
  private static func write(
    _ input: inout InputSource, _ ticket: consuming PeerTickets.Trusted,
    _ credential: borrowing Credential, to file: inout AtomicFile
  ) throws -> (contentHash: [UInt8], id: [UInt8]) {
    var random = SystemRandom()
    let offer = Offer(
      fileKey: random.secret(Offer.fileKeyByteCount), chunkSize: .standard, input.manifest)
    let first = offer.encoded()
    let started = try credential.startDeposit(
      ticket.grant, for: ticket.peer, ephemeral: ticket.ephemeral, first: first.bytes)
    let letter = started.letter.bytes
    try write(.handshakeMessage1, letter.bytes, to: &file)
    var sealer = started.sealer
    for batch in EntryBatch.batches(of: input.manifest) {
      let message = batch.encoded()
      let record = try sealer.seal(message.bytes)
      try write(.record, record.bytes, to: &file)
    }
    let chunkSealer = ChunkSealer(
      fileKey: offer.fileKey, binding: sealer.handshakeHash.bytes, chunkSize: offer.chunkSize)
    // A session that broke off may have read some of it.
    try input.seek(to: 0)
    var chunks = OutgoingChunks(chunkSealer, announcedSize: input.manifest.totalSize)
    let isOfFiles = input.manifest.content == .files
    var hasher = SHA256Hasher()
    while try chunks.readNext(&input) {
      if isOfFiles { chunks.update(&hasher) }
      let sealed = chunks.sealNext()
      try write(sealed.type, sealed.chunk.bytes, to: &file)
    }
    let hash = hasher.finish()
    let none = [UInt8](repeating: 0, count: SHA256.byteCount)
    return (isOfFiles ? hash : none, SHA256.hash(letter.bytes))
  }

  private static func write(
    _ type: PeerFrameType, _ payload: RawSpan, to file: inout AtomicFile
  ) throws {
    let header = try PeerFrameHeader(type: type, payloadCount: payload.byteCount).bytes
    try file.write(header.bytes)
    try file.write(payload)
  }
}
