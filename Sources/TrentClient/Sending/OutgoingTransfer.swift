internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Something on its way to a receiver, in constant memory.
struct OutgoingTransfer: ~Copyable {
  /// How long the receiver may take to bring everything to its disk, to look at what it has
  /// already, and its person to agree.
  private static let receiptPatience = Interval.minutes(10)

  private var connection: PeerConnection
  private let watcher: any TransferWatcher

  init(_ connection: consuming PeerConnection, watcher: any TransferWatcher) {
    self.connection = connection
    self.watcher = watcher
  }

  /// Sends all of `input`, or what the receiver lacks of it.
  ///
  /// - Parameter agreed: is told how many bytes the receiver has, before any travel.
  /// - Returns: how many bytes the receiver has confirmed to have, and who that is.
  mutating func run(
    _ input: inout InputSource, agreed: (_ offset: UInt64) -> Void
  ) throws(ClientFailure) -> (byteCount: UInt64, peer: TrustedPeer) {
    var random = SystemRandom()
    let offer = Offer(
      fileKey: random.secret(Offer.fileKeyByteCount), chunkSize: .standard, input.manifest)
    try propose(offer, input.manifest)
    let point = try awaitAnswer(input.manifest)
    let start = try agreeOnStart(point, &input)
    agreed(start)
    let sealer = ChunkSealer(
      fileKey: offer.fileKey, binding: connection.session.handshakeHash.bytes,
      chunkSize: offer.chunkSize)
    var chunks = OutgoingChunks(sealer, announcedSize: input.manifest.totalSize.map { $0 - start })
    let peer = connection.session.peer
    let progress = watcher.began(TransferSummary(.send, peer, input.manifest, offset: start))
    do throws(ClientFailure) {
      try send(&input, &chunks, from: start, progress)
      let byteCount = start + chunks.byteCount
      try Self.judge(try receiveReceipt(within: Self.receiptPatience), sent: byteCount)
      progress.completed(byteCount: byteCount, names: [])
      return (byteCount, peer)
    } catch {
      progress.failed(error)
      throw error
    }
  }

  // MARK: Step F1

  /// Sends the offer and its list. The receiver may say no before it has all of it.
  private mutating func propose(
    _ offer: borrowing Offer, _ manifest: Manifest
  ) throws(ClientFailure) {
    let message = offer.encoded()
    try connection.send(message.bytes)
    for batch in EntryBatch.batches(of: manifest) {
      if hasAnswered { return }
      let message = batch.encoded()
      do throws(ClientFailure) {
        try connection.send(message.bytes)
      } catch {
        if hasAnswered { return }
        throw error
      }
    }
  }

  private var hasAnswered: Bool {
    (try? connection.stream.isReadable(within: .milliseconds(0))) == true
  }

  // MARK: Step F2

  private mutating func awaitAnswer(_ manifest: Manifest) throws(ClientFailure) -> ResumePoint {
    let record = try connection.receive(stallLimit: Self.receiptPatience)
    let answer: Answer
    do { answer = try Answer(record.bytes) } catch { throw Self.misbehaved }
    switch answer {
    case .refused(let reason): throw Self.failure(reason)
    case .accepted(let point):
      guard point.fits(manifest) else { throw Self.misbehaved }
      return point
    }
  }

  /// Compares what the receiver has with the same bytes of one's own.
  private mutating func agreeOnStart(
    _ point: ResumePoint, _ input: inout InputSource
  ) throws(ClientFailure) -> UInt64 {
    let start: Start
    do throws(SourceFailure) {
      let ownHash = point.offset > 0 ? try input.hash(first: point.offset) : []
      start = point.start(ownHash: ownHash)
      try input.seek(to: start.offset)
    } catch {
      throw giveUp(error)
    }
    let message = start.encoded()
    try connection.send(message.bytes)
    return start.offset
  }

  // MARK: Step F3

  private mutating func send(
    _ input: inout InputSource, _ chunks: inout OutgoingChunks, from start: UInt64,
    _ progress: any TransferProgress
  ) throws(ClientFailure) {
    do {
      while try chunks.readNext(&input) {
        try rejectEarlyReceipt()
        try chunks.sendNext(over: connection.stream)
        progress.advanced(to: start + chunks.byteCount)
      }
    } catch let error as SourceFailure {
      throw giveUp(error)
    } catch let error as TransportFailure {
      // The receiver may have said why before it closed the connection.
      try rejectEarlyReceipt()
      throw PeerConnection.broken(error.description)
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw PeerConnection.broken("\(error)")
    }
  }

  private mutating func giveUp(_ failure: SourceFailure) -> ClientFailure {
    let abort = Abort(.sourceFailed).encoded()
    try? connection.send(abort.bytes)
    return ClientFailure(.fileFailure, failure.description)
  }

  /// The receiver says something before the end only when it gives up.
  private mutating func rejectEarlyReceipt() throws(ClientFailure) {
    guard hasAnswered else { return }
    let receipt = try receiveReceipt(within: PeerConnection.stallLimit)
    switch receipt.outcome {
    case .failed(let reason): throw Self.failure(reason)
    case .programStopped(let exitStatus): throw Self.failure(ofProgramWith: exitStatus)
    case .complete: throw Self.misbehaved
    }
  }

  // MARK: Step F4

  /// Only a receipt for just as many bytes as were sent is success.
  static func judge(_ receipt: Receipt, sent byteCount: UInt64) throws(ClientFailure) {
    switch receipt.outcome {
    case .failed(let reason): throw failure(reason)
    case .programStopped(let exitStatus): throw failure(ofProgramWith: exitStatus)
    case .complete(let exitStatus):
      guard receipt.byteCount == byteCount else {
        throw PeerConnection.broken(
          "The receiver has got something else than was sent.", isPassing: false)
      }
      guard exitStatus == 0 else {
        throw ClientFailure(
          .programFailed,
          "The receiver's program took everything, and ended with exit status \(exitStatus).")
      }
    }
  }

  private mutating func receiveReceipt(within limit: Interval) throws(ClientFailure) -> Receipt {
    let record = try connection.receive(stallLimit: limit)
    do { return try Receipt(record.bytes) } catch { throw Self.misbehaved }
  }

  private static func failure(_ reason: TransferReason) -> ClientFailure {
    switch reason {
    case .damaged: ClientFailure(.transferBroken, reason.description, isPassing: true)
    case .programStopped: ClientFailure(.programFailed, reason.description)
    case .sourceFailed: ClientFailure(.transferBroken, reason.description)
    case .busy: ClientFailure(.refusedByReceiver, reason.description, isPassing: true)
    case .declined, .cannotWrite, .noSpace, .tooLarge, .unacceptable, .exists, .oneFileOnly,
      .nameTooLong, .notWritable:
      ClientFailure(.refusedByReceiver, reason.description)
    }
  }

  private static func failure(ofProgramWith exitStatus: UInt8) -> ClientFailure {
    ClientFailure(
      .programFailed,
      "\(TransferReason.programStopped) It ended with exit status \(exitStatus).")
  }

  private static var misbehaved: ClientFailure {
    PeerConnection.broken("The receiver does not keep to the protocol.", isPassing: false)
  }
}
