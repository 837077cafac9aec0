internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// One file on its way to a receiver, in constant memory.
struct OutgoingTransfer: ~Copyable {
  /// How long the receiver may take to bring everything to its disk, and its person to agree.
  private static let receiptPatience = Interval.minutes(10)

  private var connection: PeerConnection

  init(_ connection: consuming PeerConnection) { self.connection = connection }

  /// Sends all of `input`.
  ///
  /// - Returns: how many bytes the receiver has confirmed to have.
  mutating func run(_ input: borrowing InputSource) throws(ClientFailure) -> UInt64 {
    var random = SystemRandom()
    let fileKey = random.secret(Offer.fileKeyByteCount)
    let sealer = ChunkSealer(
      fileKey: fileKey, binding: connection.session.handshakeHash.bytes, chunkSize: .standard)
    try offer(input, fileKey: fileKey, .standard)
    try awaitAnswer()
    var stream = OutgoingChunks(sealer, announcedSize: input.size)
    do {
      while try stream.readNext(input) {
        try rejectEarlyReceipt()
        try stream.sendNext(over: connection.stream)
      }
    } catch let error as SourceFailure {
      let abort = Abort(.sourceFailed).encoded()
      try? connection.send(abort.bytes)
      throw ClientFailure(.fileFailure, error.description)
    } catch let error as TransportFailure {
      // The receiver may have said why before it closed the connection.
      try rejectEarlyReceipt()
      throw PeerConnection.broken(error.description)
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw PeerConnection.broken("\(error)")
    }
    let byteCount = stream.byteCount
    try Self.judge(try receiveReceipt(within: Self.receiptPatience), sent: byteCount)
    return byteCount
  }

  private mutating func offer(
    _ input: borrowing InputSource, fileKey: borrowing SecretBytes, _ chunkSize: ChunkSize
  ) throws(ClientFailure) {
    let message: SecretBytes
    do {
      let offer = try Offer(
        fileKey: fileKey.duplicate(), chunkSize: chunkSize, size: input.size, name: input.name)
      message = offer.encoded()
    } catch {
      throw ClientFailure(.fileFailure, "The file cannot be offered: its name or size is too long.")
    }
    try connection.send(message.bytes)
  }

  private mutating func awaitAnswer() throws(ClientFailure) {
    let record = try connection.receive(stallLimit: Self.receiptPatience)
    let answer: Answer
    do { answer = try Answer(record.bytes) } catch { throw Self.misbehaved }
    if case .refused(let reason) = answer {
      throw ClientFailure(.refusedByReceiver, reason.description)
    }
  }

  /// The receiver says something before the end only when it gives up.
  private mutating func rejectEarlyReceipt() throws(ClientFailure) {
    guard (try? connection.stream.isReadable(within: .milliseconds(0))) == true else { return }
    let receipt = try receiveReceipt(within: PeerConnection.stallLimit)
    guard case .failed(let reason) = receipt.outcome else { throw Self.misbehaved }
    throw Self.failure(reason)
  }

  /// Step F4: only a receipt for just as many bytes as were sent is success.
  static func judge(_ receipt: Receipt, sent byteCount: UInt64) throws(ClientFailure) {
    switch receipt.outcome {
    case .failed(let reason): throw failure(reason)
    case .complete:
      guard receipt.byteCount == byteCount else {
        throw PeerConnection.broken("The receiver has got something else than was sent.")
      }
    }
  }

  private mutating func receiveReceipt(within limit: Interval) throws(ClientFailure) -> Receipt {
    let record = try connection.receive(stallLimit: limit)
    do { return try Receipt(record.bytes) } catch { throw Self.misbehaved }
  }

  private static func failure(_ reason: TransferReason) -> ClientFailure {
    switch reason {
    case .damaged, .sourceFailed: ClientFailure(.transferBroken, reason.description)
    case .declined, .cannotWrite, .noSpace, .tooLarge, .busy:
      ClientFailure(.refusedByReceiver, reason.description)
    }
  }

  private static var misbehaved: ClientFailure {
    PeerConnection.broken("The receiver does not keep to the protocol.")
  }
}
