import Cryptography
import FileTransfer
import SecretMemory
import Transport
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// The two sessions of somebody in the middle: with a sender who takes him for the receiver, and
/// with a receiver who takes him for the sender.
enum MiddleSession {
  private static let patience = Interval.seconds(30)

  /// What a sender has offered and told.
  struct Haul: Sendable {
    let sender: PrincipalName
    let fileName: String
    var content: [UInt8] = []
    /// Whether the receiver took the sender's impostor for the sender.
    var isPassedOn = false
  }

  /// Calls a receiver in the sender's name, with a ticket that the KDC itself need not issue.
  static func call(
    _ receiver: PrincipalName, as impostor: Impostor, with state: StolenState
  ) throws -> PeerConnection {
    var random = SystemRandom()
    let (user, presence) = (try state.user(receiver), try state.presence(receiver))
    guard let identity = user.identity else { throw TestProblem("no identity key") }
    let claim = PeerClaim(
      name: receiver, identity: identity, certificate: user.certificate,
      loginKey: presence.loginKey)
    let ephemeral = AgreementKey(privateKey: random.secret(32))
    let sessionKey = random.secret(32)
    let ticket = impostor.ticket(
      for: receiver, sessionKey: sessionKey, ephemeral: ephemeral.publicKey)
    let ticketKey = SealingKey(try state.keys.openTicketKey(of: presence))
    let grant = SessionGrant(
      peer: receiver, purpose: .session, sessionKey: sessionKey, claim: claim,
      addresses: presence.addresses,
      ticket: ticket.sealed(under: ticketKey, realm: state.keys.realm, random: &random))
    let trusted = try PeerTrust(realm: state.keys.realm, own: impostor.name).judge(
      claim, pinned: nil, at: agreeingClocks)
    let hello = try impostor.credential.startSession(grant, with: trusted, ephemeral: ephemeral)
    let message = hello.message
    let stream = try StreamConnection.connect(
      toAny: presence.addresses, deadline: .after(patience))
    try stream.sendPeerFrame(.handshakeMessage1, payload: message.bytes, stallLimit: patience)
    let answer = try stream.receivePeerFrame(stallLimit: patience)
    let session = try hello.next.receive(answer.payload.bytes)
    return PeerConnection(stream: stream, session: session)
  }

  /// Takes a sender's call in the receiver's place, reads the whole file, and passes it on if the
  /// receiver can be deceived as well.
  static func intercept(
    _ stream: consuming StreamConnection, as receiver: Impostor,
    callOn: (PrincipalName) throws -> PeerConnection
  ) throws -> Haul {
    var random = SystemRandom()
    var cache = SessionReplayCache(now: agreeingClocks.kdc)
    let hello = try stream.receivePeerFrame(stallLimit: patience)
    let answered = try receiver.credential.respond(
      to: hello.payload.bytes, cache: &cache, pinned: { _ in nil },
      ephemeral: AgreementKey(privateKey: random.secret(32)), at: agreeingClocks)
    let message = answered.message
    try stream.sendPeerFrame(.handshakeMessage2, payload: message.bytes, stallLimit: patience)
    let record = try stream.receivePeerFrame(stallLimit: patience)
    let accepted = try answered.next.receive(record.payload.bytes)
    let first = accepted.firstRecord.duplicate()
    let offer = try Offer(first.bytes)
    var reader = ManifestReader(offer)
    var near = PeerConnection(stream: stream, session: accepted.session)
    let sender = near.session.peer.name
    while !reader.isComplete {
      let entries = try near.receive()
      try reader.take(entries.bytes)
    }
    let list = try reader.finish()
    var haul = Haul(sender: sender, fileName: list.entries[0].path.name)
    guard var far = try? callOn(sender) else {
      try near.send(FileTransfer.Answer.accepted(.beginning).encoded().bytes)
      _ = try near.receive()
      try take(offer, from: near) { chunk, _ in haul.content += chunk }
      // It may as well say that all is well.
      let receipt = Receipt(.complete(exitStatus: 0), byteCount: UInt64(haul.content.count))
      try near.send(receipt.encoded().bytes)
      return haul
    }
    haul.isPassedOn = true
    // Another key for the other session; list, start and chunks are the sender's.
    let fileKey = random.secret(Offer.fileKeyByteCount)
    let onward = Offer(fileKey: fileKey.duplicate(), chunkSize: offer.chunkSize, list)
    let words = onward.encoded()
    try far.send(words.bytes)
    for batch in EntryBatch.batches(of: list) { try far.send(batch.encoded().bytes) }
    let reply = try far.receive()
    try near.send(reply.bytes)
    let start = try near.receive()
    try far.send(start.bytes)
    let binding = far.session.handshakeHash
    var sealer = ChunkSealer(
      fileKey: fileKey, binding: binding.bytes, chunkSize: offer.chunkSize)
    try take(offer, from: near) { chunk, isLast in
      haul.content += chunk
      let sealed = sealer.seal(chunk.bytes, isLast: isLast)
      try far.stream.sendPeerFrame(
        isLast ? .lastChunk : .chunk, payload: sealed.bytes, stallLimit: patience)
    }
    let receipt = try far.receive()
    try near.send(receipt.bytes)
    return haul
  }

  /// Opens a file's chunks; `use` gets the plaintext of each.
  private static func take(
    _ offer: borrowing Offer, from sender: borrowing PeerConnection,
    _ use: ([UInt8], Bool) throws -> Void
  ) throws {
    let binding = sender.session.handshakeHash
    var opener = ChunkOpener(
      fileKey: offer.fileKey, binding: binding.bytes, chunkSize: offer.chunkSize,
      announcedSize: offer.totalSize)
    while !opener.isFinished {
      let frame = try sender.stream.receivePeerFrame(stallLimit: patience)
      let isLast = frame.type == .lastChunk
      guard isLast || frame.type == .chunk else { throw TestProblem("no chunk") }
      let plaintext = try opener.open(frame.payload.bytes, isLast: isLast)
      try use([UInt8](plaintext.bytes), isLast)
    }
  }
}
