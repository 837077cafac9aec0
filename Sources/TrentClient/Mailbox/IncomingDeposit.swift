internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import Transport
internal import Wire

/// Something that waits with a mailbox, opened: who has left it, and its whole list (V5).
struct IncomingDeposit: ~Copyable {
  private static let successorPatience = Interval.seconds(10)

  let peer: TrustedPeer
  let manifest: Manifest
  /// When it was sealed, by the KDC's clock.
  let deposited: Timestamp
  private let tag: DepositTag
  private let loginKey: AgreementPublicKey
  private let offer: Offer
  private let handshakeHash: [UInt8]
  private var reader: DepositReader
  /// Where its first chunk begins.
  private let chunksOffset: UInt64

  func offered(until stop: any Stop) -> OfferedContent {
    OfferedContent(
      peer: peer, manifest: manifest, chunkSize: offer.chunkSize, deposit: tag, stop: stop)
  }

  // MARK: Opening

  /// A deposit, as far as it can be opened.
  enum Opened: ~Copyable {
    case new(IncomingDeposit)
    /// It was taken before.
    case taken
  }

  /// Step G2, and the list. Nothing is written, asked, pinned or shown.
  ///
  /// - Throws: `DepositFailure`, or what `DepositBox` throws.
  static func open<Box: DepositBox & ~Copyable>(
    _ waiting: WaitingDeposit, in box: inout Box, with keychain: borrowing DepositKeychain
  ) throws -> Opened {
    var reader = DepositReader(waiting)
    let bytes = try reader.frame(.handshakeMessage1, from: &box)
    guard SHA256.hash(bytes.bytes) == waiting.id.bytes else {
      throw DepositFailure.damaged("it is another one than the mailbox says")
    }
    let letter: DepositLetter
    do {
      letter = try DepositLetter(bytes.bytes)
    } catch {
      throw DepositFailure.damaged("it does not begin with a letter")
    }
    switch try open(letter, with: keychain, from: &box) {
    case .none: return .taken
    case .some(let opened):
      let deposit = try IncomingDeposit(opened, letter.loginKey, reader, from: &box)
      guard deposit.peer.name == waiting.sender else {
        throw DepositFailure.damaged("it is from another sender than the mailbox says")
      }
      try deposit.checkLength()
      return .new(deposit)
    }
  }

  /// - Returns: nil when it was taken before.
  private static func open<Box: DepositBox & ~Copyable>(
    _ letter: DepositLetter, with keychain: borrowing DepositKeychain, from box: inout Box
  ) throws -> OpenedDeposit? {
    let (realm, clocks) = (box.realm, box.clocks)
    let files = keychain.files(in: realm)
    let peers = KnownPeers(in: keychain.state, person: keychain.person)
    let found = try files.load(letter.loginKey, under: keychain.storageKey)
    guard let keys = found else {
      throw DepositFailure.noKeys(file: files.path(of: letter.loginKey))
    }
    var trouble: ClientFailure?
    var sender: PrincipalName?
    do throws(PeerFailure) {
      return try keys.open(
        letter,
        isOpened: { (tag) throws(PeerFailure) in
          do throws(ClientFailure) {
            return try files.isTaken(tag, for: letter.loginKey)
          } catch {
            trouble = error
            throw .replayed
          }
        },
        pinned: { (name) throws(PeerFailure) in
          sender = name
          return try peers.identity(of: name, in: realm)
        },
        successor: { box.successor(patience: successorPatience) }, at: clocks)
    } catch {
      if let trouble { throw trouble }
      switch error {
      case .replayed: return nil
      case .ticketExpired: throw DepositFailure.expired
      case .distrusted(.identityChanged):
        guard let sender else { throw DepositFailure.damaged("it is from nobody") }
        let line = try peers.pin(of: sender, in: realm)?.line
        throw DepositFailure.identityChanged(peers.changed(sender, line: line ?? 0))
      case .pinsUnreadable:
        throw ClientFailure(.fileFailure, "\(peers.path) cannot be read.")
      default: throw DepositFailure.damaged("who has left it is not proven")
      }
    }
  }

  private init<Box: DepositBox & ~Copyable>(
    _ opened: consuming OpenedDeposit, _ loginKey: AgreementPublicKey,
    _ reader: consuming DepositReader, from box: inout Box
  ) throws {
    (deposited, tag) = (opened.deposited, opened.tag)
    let offer = try Self.offer(opened.firstRecord)
    var opener = opened.opener
    manifest = try Self.list(offer, &opener, &reader, from: &box)
    peer = opener.peer
    handshakeHash = opener.handshakeHash
    chunksOffset = reader.offset
    self.loginKey = loginKey
    self.offer = offer
    self.reader = reader
  }

  private static func list<Box: DepositBox & ~Copyable>(
    _ offer: borrowing Offer, _ opener: inout DepositOpener, _ reader: inout DepositReader,
    from box: inout Box
  ) throws -> Manifest {
    var list = ManifestReader(offer)
    while !list.isComplete {
      let record = try reader.frame(.record, from: &box)
      do {
        let message = try opener.open(record.bytes)
        try list.take(message.bytes)
      } catch let fault as ManifestFault {
        throw DepositFailure.unacceptable(fault)
      } catch {
        throw DepositFailure.damaged("its list does not verify")
      }
    }
    do { return try list.finish() } catch { throw DepositFailure.unacceptable(error) }
  }

  private static func offer(_ record: borrowing SecretBytes) throws(DepositFailure) -> Offer {
    do { return try Offer(record.bytes) } catch { throw .damaged("it offers nothing") }
  }

  /// A deposit has one length, unless it is a stream: so what is cut short, or goes on, is known
  /// before anything of it is written.
  private func checkLength() throws(DepositFailure) {
    guard let size = manifest.totalSize else { return }
    let chunkCount = max(1, size / chunkByteCount + (size % chunkByteCount == 0 ? 0 : 1))
    let expected = offset(ofChunk: chunkCount, after: size)
    guard let expected, reader.deposit.byteCount >= expected else { throw DepositReader.tooShort }
    guard reader.deposit.byteCount == expected else { throw DepositReader.tooLong }
  }

  private var chunkByteCount: UInt64 { UInt64(offer.chunkSize.byteCount) }

  /// Where a chunk begins, with so many bytes of content before it; nil where no deposit goes.
  private func offset(ofChunk number: UInt64, after byteCount: UInt64) -> UInt64? {
    let around = PeerFrameHeader.byteCount + offer.chunkSize.sealedByteCount
    let frames = number.multipliedReportingOverflow(
      by: UInt64(around - offer.chunkSize.byteCount))
    let content = byteCount.addingReportingOverflow(chunksOffset)
    let sum = frames.partialValue.addingReportingOverflow(content.partialValue)
    return frames.overflow || content.overflow || sum.overflow ? nil : sum.partialValue
  }

  // MARK: Taking

  /// How it came about that all of it is there.
  struct End {
    let names: [String]
    let byteCount: UInt64
  }

  /// Opens its chunks, from the first one on that is not here: complete, on the disk and
  /// remembered (G3) when this returns.
  ///
  /// - Parameters:
  ///   - sizeLimit: The most bytes to take of a stream.
  ///   - began: is told how many bytes are here already, and says who follows the rest.
  /// - Throws: `DepositFailure`, what `DepositBox` throws, or what `IncomingChunks` throws.
  mutating func take<Box: DepositBox & ~Copyable>(
    into content: consuming IncomingContent, from box: inout Box, sizeLimit: UInt64?,
    remembering files: DepositKeyFiles, until stop: any Stop,
    began: (UInt64) -> any TransferProgress
  ) throws -> End {
    let firstChunk = try firstChunk(content)
    let present = firstChunk * chunkByteCount
    try content.begin(at: present)
    guard let offset = offset(ofChunk: firstChunk, after: present) else {
      throw DepositReader.tooLong
    }
    if offset != reader.offset { try reader.seek(to: offset) }
    var chunks = IncomingChunks(
      ChunkOpener(
        fileKey: offer.fileKey, binding: handshakeHash.bytes, chunkSize: offer.chunkSize,
        announcedSize: manifest.totalSize, firstChunk: firstChunk),
      content: content, sizeLimit: sizeLimit)
    let progress = began(present)
    do {
      while try !takeChunk(into: &chunks, from: &box) {
        try stop.check()
        progress.advanced(to: chunks.byteCount)
      }
      guard reader.isAtEnd else { throw DepositReader.tooLong }
    } catch {
      chunks.abandon()
      throw error
    }
    let byteCount = chunks.byteCount
    let end = try chunks.finish { try files.remember(tag, for: loginKey) }
    return End(names: end.names, byteCount: byteCount)
  }

  /// The first chunk that is not here whole; the last one at the latest, which says that it is.
  private func firstChunk(_ content: borrowing IncomingContent) throws -> UInt64 {
    guard let size = manifest.totalSize, size > 0 else { return 0 }
    return min(try content.presentByteCount(), size - 1) / chunkByteCount
  }

  /// - Returns: whether it was the last one.
  private mutating func takeChunk<Box: DepositBox & ~Copyable>(
    into chunks: inout IncomingChunks, from box: inout Box
  ) throws -> Bool {
    let header = try reader.header(from: &box)
    let isLast = header.type == .lastChunk
    guard isLast || header.type == .chunk else {
      throw DepositFailure.damaged("a chunk is missing")
    }
    guard header.payloadCount <= chunks.buffer.count else { throw ChunkFailure.wrongLength }
    try reader.payload(header.payloadCount, into: &chunks.buffer, from: &box)
    try chunks.take(header.payloadCount, isLast: isLast)
    return isLast
  }
}
