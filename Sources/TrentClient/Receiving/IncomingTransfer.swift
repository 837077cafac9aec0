internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Something on its way in, in constant memory, from a sender who has been authenticated.
struct IncomingTransfer: ~Copyable {
  /// How long the sender may take to compare what is here with what it has.
  private static let startPatience = Interval.minutes(10)

  let connection: HalfOpenConnection
  let manifest: Manifest
  private var list: IncomingList
  let stop: any Stop
  private let person: any Person
  /// Is told of the content as it comes.
  private var progress: any TransferProgress = SilentProgress()

  init(
    _ list: consuming IncomingList, _ manifest: Manifest, from connection: HalfOpenConnection,
    stop: any Stop, person: any Person
  ) {
    self.list = list
    self.manifest = manifest
    self.connection = connection
    self.stop = stop
    self.person = person
  }

  var sender: PrincipalName { list.session.peer.name }

  private var chunkSize: ChunkSize { list.offer.chunkSize }

  /// What there is to decide about.
  var offered: OfferedContent {
    OfferedContent(
      peer: list.session.peer, manifest: manifest, chunkSize: chunkSize, deposit: nil, stop: stop)
  }

  /// How messages call what is offered.
  var shown: String { ShownManifest(manifest).summary }

  /// Says no.
  mutating func refuse(_ reason: TransferReason) { send(Answer.refused(reason).encoded()) }

  /// Says no for good.
  mutating func turnAway(_ reason: TransferReason) {
    refuse(reason)
    waitForGoodbye()
  }

  /// Receives all of it: complete and on the disk when this returns.
  ///
  /// - Parameter sizeLimit: The most bytes to take of a stream.
  mutating func run(
    _ content: consuming IncomingContent, sizeLimit: UInt64?, watcher: any TransferWatcher
  ) throws(ClientFailure) {
    person.say("receiving \(shown) from \(sender)")
    let (end, byteCount): (IncomingContent.End, UInt64)
    do throws(ClientFailure) {
      (end, byteCount) = try receiveAndConfirm(content, sizeLimit: sizeLimit, watcher)
    } catch {
      progress.failed(error)
      throw error
    }
    progress.completed(byteCount: byteCount, names: end.names)
    person.say(
      "received \(ShownManifest(manifest).title(as: end.names)) (\(byteCount.inBytes)) from "
        + "\(sender), verified: " + list.session.peer.proof)
    if let program = end.program, program.status != 0 {
      throw ClientFailure(.programFailed, "The program took everything, and \(program).")
    }
  }

  /// - Returns: how it ended, and the number of bytes.
  private mutating func receiveAndConfirm(
    _ content: consuming IncomingContent, sizeLimit: UInt64?, _ watcher: any TransferWatcher
  ) throws(ClientFailure) -> (end: IncomingContent.End, byteCount: UInt64) {
    let remark = content.isResumable ? " What has come is kept for the next try." : ""
    do {
      let (end, byteCount) = try receive(content, sizeLimit: sizeLimit, watcher)
      let exitStatus = end.program?.status ?? 0
      send(Receipt(.complete(exitStatus: exitStatus), byteCount: byteCount).encoded())
      waitForGoodbye()
      return (end, byteCount)
    } catch let error as FileFailure {
      fail(TransferReason(error))
      throw ClientFailure(.fileFailure, "\(error).\(remark)")
    } catch let error as StagingFailure {
      fail(TransferReason(error))
      throw ClientFailure(.fileFailure, "\(error).\(remark)")
    } catch let error as ChunkFailure {
      fail(.damaged)
      throw PeerConnection.broken("It was damaged: \(error).\(remark)")
    } catch let error as ProgramFailure {
      fail(error)
      throw ClientFailure(.programFailed, error.description)
    } catch let reason as TransferReason {
      fail(reason)
      throw ClientFailure(.other, "The stream is larger than --max-size. Nothing was kept.")
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw PeerConnection.broken("\(error)\(remark)")
    }
  }

  private mutating func receive(
    _ content: consuming IncomingContent, sizeLimit: UInt64?, _ watcher: any TransferWatcher
  ) throws -> (end: IncomingContent.End, byteCount: UInt64) {
    let start = try agreeOnStart(content)
    if start > 0 { person.say("resuming after \(start.inBytes) that are here already") }
    try content.begin(at: start)
    var chunks = IncomingChunks(
      ChunkOpener(
        fileKey: list.offer.fileKey, binding: list.session.handshakeHash.bytes,
        chunkSize: chunkSize, announcedSize: manifest.totalSize.map { $0 - start }),
      content: content, sizeLimit: sizeLimit)
    progress = watcher.began(
      TransferSummary(.receive, list.session.peer, manifest, offset: start))
    do {
      while try !receiveChunk(into: &chunks) {
        // A sender who is fast enough never lets anybody wait, and look.
        try stop.check()
        progress.advanced(to: start + chunks.byteCount)
      }
    } catch {
      chunks.abandon()
      throw error
    }
    let byteCount = start + chunks.byteCount
    return (try chunks.finish(), byteCount)
  }

  /// Step F2: accepts, with what is here already.
  ///
  /// - Returns: Where the sender starts.
  private mutating func agreeOnStart(_ content: borrowing IncomingContent) throws -> UInt64 {
    let point = try content.resumePoint()
    send(Answer.accepted(point).encoded())
    var head = [UInt8](repeating: 0, count: PeerFrameHeader.byteCount)
    try fill(&head, head.count, stallLimit: Self.startPatience)
    let header = try PeerFrameHeader(head.bytes)
    guard header.type == .record else { throw TransportFailure.malformedFrame }
    let message = try receiveRecord(header.payloadCount)
    if let abort = try? Abort(message.bytes) { throw Self.broken(by: abort) }
    let start = try Start(message.bytes)
    guard start.answers(point) else { throw WireError.invalid("start") }
    if start.offset < point.offset {
      person.say("starting again: what is here already is not what \(sender) has")
    }
    return start.offset
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
      let message = try receiveRecord(header.payloadCount)
      throw Self.broken(by: try Abort(message.bytes))
    case .handshakeMessage1, .handshakeMessage2: throw TransportFailure.malformedFrame
    }
  }

  private static func broken(by abort: Abort) -> ClientFailure {
    PeerConnection.broken(abort.reason.description, isPassing: false)
  }

  private mutating func receiveRecord(_ count: Int) throws -> SecretBytes {
    var record = [UInt8](repeating: 0, count: count)
    try fill(&record, record.count)
    return try list.session.open(record.bytes)
  }

  /// Fills the first `count` bytes of a buffer from the connection, unless a signal comes.
  private func fill(
    _ buffer: inout [UInt8], _ count: Int, stallLimit: Interval = PeerConnection.stallLimit
  ) throws {
    var elements = buffer.mutableSpan
    var bytes = unsafe elements.mutableBytes
    var wanted = bytes._mutatingExtracting(0..<count)
    try connection.stream.fill(&wanted, stallLimit: stallLimit, until: stop)
  }

  // MARK: The last word

  /// A message that cannot be sent finds a sender that has gone: the next read will tell.
  private mutating func send(_ message: [UInt8]) {
    guard let record = try? list.session.seal(message.bytes) else { return }
    try? connection.stream.sendPeerFrame(
      .record, payload: record.bytes, stallLimit: PeerConnection.stallLimit)
  }

  private mutating func fail(_ reason: TransferReason) {
    send(Receipt(.failed(reason), byteCount: 0).encoded())
    waitForGoodbye()
  }

  private mutating func fail(_ failure: ProgramFailure) {
    guard case .stoppedReading(let end) = failure else { return fail(.programStopped) }
    send(Receipt(.programStopped(exitStatus: end.status), byteCount: 0).encoded())
    waitForGoodbye()
  }

  private func waitForGoodbye() { connection.stream.sayGoodbye() }
}
