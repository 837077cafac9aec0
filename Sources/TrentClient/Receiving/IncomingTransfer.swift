internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// One file on its way in, in constant memory, from a sender who has been authenticated.
struct IncomingTransfer: ~Copyable {
  private static let goodbyePatience = Interval.seconds(5)

  private let connection: HalfOpenConnection
  private var session: PeerSession
  private let offer: Offer
  private let signals: SignalWatch
  private let person: any Person

  init(
    _ offer: consuming Offer, from connection: HalfOpenConnection,
    session: consuming PeerSession, signals: SignalWatch, person: any Person
  ) {
    self.offer = offer
    self.connection = connection
    self.session = session
    self.signals = signals
    self.person = person
  }

  /// Receives the file: complete and on the disk when this returns, else not there.
  ///
  /// - Parameter keeper: makes an encrypted copy on the way.
  mutating func run(
    to target: OutputTarget, keeping keeper: SealedCopyKeeper?
  ) throws(ClientFailure) {
    let size = offer.size.map { "\($0) bytes" } ?? "length unknown"
    let name = SafeText(offer.name, limit: Offer.nameByteLimit)
    let shown = offer.name.isEmpty ? "a stream" : "\"\(name)\""
    person.say("receiving \(shown) (\(size)) from \(session.peer.name)")
    let output = try open { () throws(FileFailure) in
      try AtomicFile(replacing: target.path, mode: 0o666, maskedByUmask: true)
    }
    let chunkSize = offer.chunkSize
    let copy = try open { () throws(FileFailure) in try keeper?.begin(chunkSize: chunkSize) }
    send(Answer.accepted.encoded())
    var chunks = IncomingChunks(
      ChunkOpener(
        fileKey: offer.fileKey, binding: session.handshakeHash.bytes, chunkSize: offer.chunkSize,
        announcedSize: offer.size),
      output: output, copy: copy)
    do {
      while try !receiveChunk(into: &chunks) {}
      let byteCount = try chunks.finish()
      send(Receipt(.complete, byteCount: byteCount).encoded())
      waitForGoodbye()
      person.say("received \(shown) (\(byteCount) bytes) from \(session.peer.name)")
    } catch let error as FileFailure {
      fail(error.isOutOfSpace ? .noSpace : .cannotWrite)
      throw ClientFailure(error)
    } catch let error as ChunkFailure {
      fail(.damaged)
      throw PeerConnection.broken("Nothing was kept: \(error).")
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw PeerConnection.broken("\(error) Nothing was kept.")
    }
  }

  /// Opens what the file goes to, or tells the sender that it cannot be written.
  private mutating func open<File: ~Copyable>(
    _ file: () throws(FileFailure) -> File
  ) throws(ClientFailure) -> File {
    do throws(FileFailure) {
      return try file()
    } catch {
      send(Answer.refused(error.isOutOfSpace ? .noSpace : .cannotWrite).encoded())
      waitForGoodbye()
      throw ClientFailure(error)
    }
  }

  /// - Returns: whether it was the last one.
  private mutating func receiveChunk(into chunks: inout IncomingChunks) throws -> Bool {
    var head = [UInt8](repeating: 0, count: PeerFrameHeader.byteCount)
    try fill(&head, head.count)
    let header = try PeerFrameHeader(head.bytes)
    switch header.type {
    case .chunk, .lastChunk:
      guard header.payloadCount <= chunks.buffer.count else { throw ChunkFailure.wrongLength }
      try fill(&chunks.buffer, header.payloadCount)
      try chunks.take(header.payloadCount, isLast: header.type == .lastChunk)
      return header.type == .lastChunk
    case .record:
      var record = [UInt8](repeating: 0, count: header.payloadCount)
      try fill(&record, record.count)
      let message = try session.open(record.bytes)
      let abort = try Abort(message.bytes)
      throw PeerConnection.broken("\(abort.reason) Nothing was kept.")
    case .handshakeMessage1, .handshakeMessage2: throw TransportFailure.malformedFrame
    }
  }

  /// Fills the first `count` bytes of a buffer from the connection, unless a signal comes.
  private func fill(_ buffer: inout [UInt8], _ count: Int) throws {
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    var done = 0
    while done < count {
      var rest = bytes._mutatingExtracting(done..<count)
      if let received = try connection.stream.readAvailable(into: &rest) {
        guard received > 0 else { throw TransportFailure.closedByPeer }
        done += received
        continue
      }
      let ready = try Polling.wait(
        for: [
          Polling.Interest(connection.stream.descriptor, .readable),
          Polling.Interest(signals.descriptor, .readable),
        ], until: .after(PeerConnection.stallLimit))
      if ready.contains(where: { $0.descriptor == signals.descriptor }) { try signals.check() }
      guard !ready.isEmpty else { throw TransportFailure.timedOut }
    }
  }

  // MARK: The last word

  /// A message that cannot be sent finds a sender that has gone: the next read will tell.
  private mutating func send(_ message: [UInt8]) {
    guard let record = try? session.seal(message.bytes) else { return }
    try? connection.stream.sendPeerFrame(
      .record, payload: record.bytes, stallLimit: PeerConnection.stallLimit)
  }

  private mutating func fail(_ reason: TransferReason) {
    send(Receipt(.failed(reason), byteCount: 0).encoded())
    waitForGoodbye()
  }

  /// Reads on until the sender has closed: to close before would take back what was said last.
  private func waitForGoodbye() {
    try? connection.stream.shutdownWriting()
    let deadline = Deadline.after(Self.goodbyePatience)
    var waste = [UInt8](repeating: 0, count: 1 << 16)
    var elements = waste.mutableSpan
    var bytes = unsafe elements.mutableBytes
    while !deadline.hasPassed {
      guard (try? connection.stream.isReadable(within: deadline.remaining)) == true,
        let count = try? connection.stream.readAvailable(into: &bytes), count > 0
      else { return }
    }
  }
}
