public import Cryptography
public import SecretMemory
public import Wire

/// Remembers the ephemeral keys of initiators for as long as their tickets could be shown again.
public struct SessionReplayCache {
  private var cache: ReplayCache

  /// - Parameter now: KDC time.
  public init(now: Timestamp, limit: Int = 100_000) {
    // Tickets live for minutes; the clocks of KDC and responder may differ by as much again.
    cache = ReplayCache(window: .minutes(30), limit: limit, now: now)
  }

  mutating func insert(_ ephemeral: AgreementPublicKey, at now: Timestamp) throws(PeerFailure) {
    switch cache.insert(ReplayTag(SHA256.hash(ephemeral.encoding).bytes), at: now) {
    case .fresh: break
    case .replayed: throw .replayed
    case .full: throw .overloaded
    }
  }
}

extension Credential {
  /// Step P2: reads the first handshake message, in this order and no other: handshake, ticket,
  /// its keys, replay, trust; then answers. Nothing is written, asked, pinned or shown before the
  /// first record has verified, which `ExpectFirstRecord` awaits.
  ///
  /// - Parameters:
  ///   - purpose: what this responder serves.
  ///   - pinned: looks up the identity key pinned for a name in this realm.
  ///   - successor: asks whether the KDC's identity has been replaced, when a certificate does not
  ///     verify; gives the realm with the one of now, or nil.
  ///   - ephemeral: made for this one session.
  public func respond(
    to message: RawSpan, purpose: Purpose = .session, cache: inout SessionReplayCache,
    pinned: (PrincipalName) throws(PeerFailure) -> VerifyingKey?,
    successor: () -> Realm? = { nil }, ephemeral: consuming AgreementKey,
    at clocks: PeerTrust.Clocks
  ) throws(PeerFailure) -> Outgoing<ExpectFirstRecord> {
    let prologue = peerPrologue(realm: realm, responder: name, identity: identity)
    var handshake = NoiseHandshake(
      .ikPsk2, role: .responder, prologue: prologue.bytes, staticKey: loginKey.duplicate(),
      ephemeral: ephemeral, remoteStatic: nil)
    let payload: SecretBytes
    do { payload = try handshake.readMessage(message) } catch { throw .handshake }
    guard let ticket = Ticket(opening: payload.bytes, under: ticketKey, realm: realm),
      ticket.purpose == purpose, ticket.responder == name
    else { throw .ticketNotForUs }
    guard clocks.kdc <= ticket.expires + PeerTrust.clockTolerance,
      ticket.issued <= clocks.kdc + PeerTrust.clockTolerance
    else { throw .ticketExpired }
    guard let remoteEphemeral = handshake.remoteEphemeral,
      let remoteStatic = handshake.remoteStatic,
      equalInConstantTime(ticket.ephemeral.encoding, remoteEphemeral.encoding),
      equalInConstantTime(ticket.loginKey.key.encoding, remoteStatic.encoding)
    else { throw .keysDiffer }
    try cache.insert(remoteEphemeral, at: clocks.kdc)
    let pin = try pinned(ticket.initiator)
    let peer: TrustedPeer
    do {
      peer = try PeerTrust(realm: realm, own: name).judge(
        ticket.claim, pinned: pin, at: clocks, successor: successor)
    } catch {
      throw .distrusted(error)
    }
    let binding = PeerBinding(
      realm: realm, purpose: purpose,
      initiator: PeerEnd(name: peer.name, identity: peer.identity, loginKey: peer.loginKey),
      responder: PeerEnd(name: name, identity: identity, loginKey: loginKey.publicKey),
      ephemeral: remoteEphemeral)
    handshake.setPresharedKey(binding.preSharedKey(ticket.sessionKey))
    do {
      let none: [UInt8] = []
      let answer = try handshake.writeMessage(none.bytes)
      return Outgoing(
        answer,
        next: ExpectFirstRecord(
          session: PeerSession(handshake.split(), with: peer), ticketID: ticket.id))
    } catch {
      throw .handshake
    }
  }
}

/// Awaits P3, the initiator's first record: only that proves that the initiator is there.
public struct ExpectFirstRecord: ~Copyable {
  var session: PeerSession
  let ticketID: [UInt8]

  /// Verifies the record. Whatever is done about the initiator is done after this.
  public consuming func receive(_ record: RawSpan) throws(PeerFailure) -> AcceptedSession {
    let ticketID = ticketID
    var session = session
    let first = try session.open(record)
    return AcceptedSession(session: session, firstRecord: first, ticketID: ticketID)
  }
}

/// A session whose initiator has confirmed its key, and what it said first.
@frozen
public struct AcceptedSession: ~Copyable {
  /// To go on with.
  public let session: PeerSession
  /// What it says, which is the offer of a transfer.
  public let firstRecord: SecretBytes
  /// What the KDC's log knows this session by: 8 bytes.
  public let ticketID: [UInt8]
}
