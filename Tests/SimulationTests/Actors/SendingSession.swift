import Cryptography
import FileTransfer
import KeyDistribution
import SecretMemory
import Wire

/// A sender's end of a connection: steps P1, P3, and F1 to F4.
final class SendingSession: PacketHandler {
  private enum State: ~Copyable {
    case handshake(ExpectHandshakeReply)
    case answer(PeerSession)
    case receipt(PeerSession)
  }

  private let person: Person
  /// Of which process.
  private let life: Int
  private let peer: TrustedPeer
  private let address: Endpoint
  private let channel: Int
  private let file: SimulatedFile
  private let fileKey: SecretBytes
  private var state: State?

  private var world: World { person.world }
  private static let patience = Interval.seconds(60)

  init(_ login: Login, peer: TrustedPeer, at address: Endpoint) {
    person = login.person
    life = login.person.life
    self.peer = peer
    self.address = address
    channel = person.world.newChannel()
    // Every session has a channel of its own, so every file has a number of its own. What has not
    // arrived is sent again.
    file =
      person.unconfirmed[peer.name]
      ?? SimulatedFile(number: channel, random: &person.world.choices)
    person.unconfirmed[peer.name] = file
    fileKey = person.world.keys.secret(Offer.fileKeyByteCount)
  }

  func start(_ started: consuming Outgoing<ExpectHandshakeReply>) {
    person.handle(channel, with: self)
    send(.firstHandshake, started.message)
    state = .handshake(started.next)
    world.after(Self.patience) { [weak self] _ in self?.loseFaith() }
  }

  /// Anything that is not as it must be ends the session.
  func receive(_ packet: Packet) {
    guard person.life == life, let state = state.take() else { return }
    do {
      self.state = try advance(state, packet)
    } catch {
      world.note(.refused, "\(person.endpoint) sending to \(peer.name): \(error)")
    }
    if self.state == nil { close() }
  }

  private func advance(_ state: consuming State, _ packet: Packet) throws -> State? {
    switch consume state {
    case .handshake(let expected):
      guard packet.frame == .secondHandshake else { throw UnexpectedFrame() }
      var session = try expected.receive(packet.payload.bytes)
      guard person.pin(peer) else { throw UnexpectedFrame() }
      world.note(.established, "\(person.endpoint) to \(peer.name), \(file.bytes.count) bytes")
      world.judge.established(
        session.handshakeHash, from: person, to: peer, sending: file.bytes)
      let offer = Offer(
        fileKey: fileKey.duplicate(), chunkSize: .simulated, try file.manifest())
      let record = offer.encoded()
      send(.record, try session.seal(record.bytes))
      for batch in EntryBatch.batches(of: try file.manifest()) {
        send(.record, try session.seal(batch.encoded().bytes))
      }
      return .answer(session)
    case .answer(let awaited):
      guard packet.frame == .record else { throw UnexpectedFrame() }
      var session = awaited
      let record = try session.open(packet.payload.bytes)
      guard case .accepted(let point) = try Answer(record.bytes) else { return nil }
      guard point.fits(try file.manifest()) else { throw UnexpectedFrame() }
      if point.offset > 0 { world.note(.resumed, "\(person.endpoint) to \(peer.name)") }
      let start = point.start(ownHash: file.hash(first: point.offset))
      send(.record, try session.seal(start.encoded().bytes))
      sendChunks(from: Int(start.offset), binding: session.handshakeHash)
      return .receipt(session)
    case .receipt(let awaited):
      guard packet.frame == .record else { throw UnexpectedFrame() }
      var session = awaited
      let record = try session.open(packet.payload.bytes)
      let receipt = try Receipt(record.bytes)
      guard receipt.byteCount == UInt64(file.bytes.count),
        receipt.outcome == .complete(exitStatus: 0)
      else { return nil }
      person.unconfirmed[peer.name] = nil
      world.note(.transferred, "\(person.endpoint) to \(peer.name)")
      world.judge.confirmed(session.handshakeHash)
      return nil
    }
  }

  private func sendChunks(from offset: Int, binding: [UInt8]) {
    let chunks = file.chunks(
      from: offset, under: fileKey, binding: binding,
      isSealed: world.plant != .senderSealsNothing)
    for (index, chunk) in chunks.enumerated() {
      send(index == chunks.count - 1 ? .lastChunk : .chunk, chunk)
    }
  }

  private func send(_ frame: Frame, _ payload: [UInt8]) {
    person.send(frame, payload, to: address, channel: channel)
  }

  private func loseFaith() {
    if world.plant == .senderTakesSilenceForSuccess, case .receipt(let session)? = state.take() {
      world.judge.confirmed(session.handshakeHash)
    }
    close()
  }

  private func close() {
    state = nil
    person.close(channel)
  }
}

/// A frame of another type than the one that may come: the connection is closed.
struct UnexpectedFrame: Error {}

extension ChunkSize {
  /// The smallest, so that small files have several chunks.
  static var simulated: ChunkSize {
    guard let size = ChunkSize(4096) else { preconditionFailure("4096 is allowed") }
    return size
  }
}
