import Trent

/// Whatever carries frames (PROTOCOL.md, 5.1) between sender and receiver.
protocol Frames {
  func send(_ type: UInt8, _ payload: RawSpan) throws
  func receive() throws -> (type: UInt8, payload: [UInt8])
}

/// The other end does not keep to the protocol, or has said no.
struct Misbehaviour: Error {}

/// A session with a receiver, over any frames.
struct Conversation<Carrier: Frames>: ~Copyable {
  private let frames: Carrier
  var session: PeerSession

  /// Steps P1 to P3.
  init(_ requested: consuming RequestedSession, over frames: Carrier) throws {
    let first = requested.outgoing.message
    try frames.send(1, first.bytes)  // P1
    let reply = try frames.receive()
    guard reply.type == 2 else { throw Misbehaviour() }
    session = try requested.outgoing.next.receive(reply.payload.bytes)  // P3
    self.frames = frames
  }

  private mutating func send(_ message: RawSpan) throws {
    let record = try session.seal(message)
    try frames.send(3, record.bytes)
  }

  private mutating func receive() throws -> SecretBytes {
    let frame = try frames.receive()
    guard frame.type == 3 else { throw Misbehaviour() }
    return try session.open(frame.payload.bytes)
  }

  /// Steps F1 to F4 of a sender whose content is in memory.
  mutating func send(_ content: [UInt8], as manifest: Manifest) throws {
    var random = SystemRandom()
    let offer = Offer(
      fileKey: random.secret(Offer.fileKeyByteCount), chunkSize: .standard, manifest)
    let message = offer.encoded()
    try send(message.bytes)  // F1
    for batch in EntryBatch.batches(of: manifest) {
      let message = batch.encoded()
      try send(message.bytes)
    }

    let answer = try receive()
    guard case .accepted(let point) = try Answer(answer.bytes), point.fits(manifest)  // F2
    else { throw Misbehaviour() }
    let known = [UInt8](content.prefix(Int(point.offset)))
    let start = point.start(ownHash: SHA256.hash(known.bytes))
    let decision = start.encoded()
    try send(decision.bytes)

    var sealer = ChunkSealer(
      fileKey: offer.fileKey, binding: session.handshakeHash.bytes, chunkSize: offer.chunkSize)
    var rest = content.dropFirst(Int(start.offset))
    while !sealer.isFinished {  // F3
      let piece = [UInt8](rest.prefix(sealer.chunkSize.byteCount))
      rest = rest.dropFirst(piece.count)
      let chunk = sealer.seal(piece.bytes, isLast: rest.isEmpty)
      try frames.send(rest.isEmpty ? 5 : 4, chunk.bytes)
    }

    let last = try receive()
    let complete = Receipt(.complete(exitStatus: 0), byteCount: UInt64(content.count))
    guard try Receipt(last.bytes) == complete else { throw Misbehaviour() }  // F4
  }
}
