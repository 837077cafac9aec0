import Cryptography
import FileTransfer
import SecretMemory
import Wire

@testable import KeyDistribution

/// A receiver's end of a connection: steps P2, and F2 and F4.
final class ReceivingSession: PacketHandler {
  private enum State: ~Copyable {
    case handshake
    case record(ExpectFirstRecord)
    case list(PeerSession, Offer, ManifestReader)
    case start(PeerSession, Offer, Manifest, ResumePoint)
    case file(PeerSession, ChunkOpener)
  }

  private let login: Login
  /// Of which process.
  private let life: Int
  private let channel: Int
  private let address: Endpoint
  private var state: State? = .handshake
  private var content: [UInt8] = []
  /// Whose list it is: what is kept of it is gone on with for the same sender only.
  private var transfer: [UInt8] = []

  private var person: Person { login.person }
  private var world: World { person.world }
  private static let patience = Interval.seconds(60)

  init(_ login: Login, channel: Int, peer address: Endpoint) {
    self.login = login
    life = login.person.life
    self.channel = channel
    self.address = address
    person.handle(channel, with: self)
    world.after(Self.patience) { [weak self] _ in self?.close() }
  }

  /// Anything that is not as it must be ends the session, without a word.
  func receive(_ packet: Packet) {
    guard person.life == life, let state = state.take() else { return }
    do {
      self.state = try advance(state, packet)
    } catch {
      world.note(.handshakeRefused, "\(person.endpoint): \(error)")
    }
    if self.state == nil { close() }
  }

  private func advance(_ state: consuming State, _ packet: Packet) throws -> State? {
    switch consume state {
    case .handshake:
      guard packet.frame == .firstHandshake else { throw UnexpectedFrame() }
      return .record(try respond(to: packet.payload))
    case .record(let expected):
      guard packet.frame == .record else { throw UnexpectedFrame() }
      let accepted = try expected.receive(packet.payload.bytes)
      return try accept(accepted)
    case .list(let session, let offer, let reader):
      guard packet.frame == .record else { throw UnexpectedFrame() }
      return try take(packet.payload, session, offer, reader)
    case .start(let session, let offer, let manifest, let point):
      guard packet.frame == .record else { throw UnexpectedFrame() }
      return try begin(packet.payload, session, offer, manifest, point)
    case .file(let session, let opener):
      switch packet.frame {
      case .chunk: return try take(packet.payload, isLast: false, session, opener)
      case .lastChunk: return try take(packet.payload, isLast: true, session, opener)
      default: throw UnexpectedFrame()
      }
    }
  }

  /// Step P2.
  private func respond(to message: [UInt8]) throws -> ExpectFirstRecord {
    if world.plant == .receiverForgetsInitiations {
      login.cache = SessionReplayCache(now: person.clock)
    }
    var clocks = person.clocks
    if world.plant == .receiverForgivesExpiry,
      let issued = world.judge.issueTime(ofInitiation: message)
    {
      clocks = PeerTrust.Clocks(kdc: issued, own: issued)
    }
    let answered = try login.credential.respond(
      to: message.bytes, cache: &login.cache,
      pinned: { [person] (name) throws(PeerFailure) in try person.device.pin(of: name) },
      ephemeral: world.keys.agreementKey(), at: clocks)
    let answer = answered.message
    let next = answered.next
    world.judge.answeredInitiation(message, at: person, ticketID: next.ticketID)
    send(.secondHandshake, answer)
    return next
  }

  /// The initiator has shown that it is there, and offers something: steps P3 and F1.
  private func accept(_ accepted: consuming AcceptedSession) throws -> State {
    let offer = try Offer(accepted.firstRecord.bytes)
    let session = accepted.session
    world.judge.accepted(session.handshakeHash, at: person, from: session.peer)
    guard person.pin(session.peer) else { throw UnexpectedFrame() }
    let reader = ManifestReader(offer)
    return .list(session, offer, reader)
  }

  /// The list of step F1, and step F2 when it is complete.
  private func take(
    _ payload: [UInt8], _ session: consuming PeerSession, _ offer: consuming Offer,
    _ reader: consuming ManifestReader
  ) throws -> State {
    var session = session
    var reader = reader
    let message = try session.open(payload.bytes)
    try reader.take(message.bytes)
    guard reader.isComplete else { return .list(session, offer, reader) }
    let manifest = try reader.finish()
    transfer = session.peer.name.bytes + manifest.hash
    let kept = person.partials[transfer] ?? []
    content = kept
    let point = ResumePoint(offset: UInt64(kept.count), hash: SHA256.hash(kept.bytes))
    send(.record, try session.seal(Answer.accepted(point).encoded().bytes))
    return .start(session, offer, manifest, point)
  }

  /// The sender has compared what is here with what it has.
  private func begin(
    _ payload: [UInt8], _ session: consuming PeerSession, _ offer: consuming Offer,
    _ manifest: Manifest, _ point: ResumePoint
  ) throws -> State {
    var session = session
    let message = try session.open(payload.bytes)
    let start = try Start(message.bytes)
    guard start.answers(point), let size = manifest.totalSize else { throw UnexpectedFrame() }
    content = Array(content[..<Int(start.offset)])
    let opener = ChunkOpener(
      fileKey: offer.fileKey, binding: session.handshakeHash.bytes, chunkSize: offer.chunkSize,
      announcedSize: size - start.offset)
    return .file(session, opener)
  }

  /// Steps F3 and F4.
  private func take(
    _ payload: [UInt8], isLast: Bool, _ session: consuming PeerSession,
    _ opener: consuming ChunkOpener
  ) throws -> State? {
    var session = session
    var opener = opener
    do throws(ChunkFailure) {
      let plaintext = try opener.open(payload.bytes, isLast: isLast)
      content += [UInt8](plaintext.bytes)
      person.partials[transfer] = content
      guard isLast else { return .file(session, opener) }
      try opener.finish()
    } catch {
      // A planted bug keeps what is there of a file that has failed.
      guard world.plant == .receiverKeepsPieces else { throw error }
    }
    person.partials[transfer] = nil
    world.judge.received(session.handshakeHash, at: person, content)
    let receipt = Receipt(.complete(exitStatus: 0), byteCount: UInt64(content.count))
    send(.record, try session.seal(receipt.encoded().bytes))
    return nil
  }

  private func send(_ frame: Frame, _ payload: [UInt8]) {
    person.send(frame, payload, to: address, channel: channel)
  }

  private func close() {
    state = nil
    person.close(channel)
  }
}
