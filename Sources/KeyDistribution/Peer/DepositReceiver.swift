public import Cryptography
public import SecretMemory
public import Wire

extension DepositKeys {
  /// Step G2: opens a deposit, in this order and no other: whose login, ticket, its keys, replay,
  /// trust, handshake. Nothing is written, asked, pinned or shown before it has returned.
  ///
  /// - Parameters:
  ///   - isOpened: whether the deposit with this tag was taken before. The receiver remembers tags
  ///     for as long as it has these keys.
  ///   - pinned: looks up the identity key pinned for a name in this realm.
  ///   - successor: as in `Credential.respond`.
  public func open(
    _ letter: DepositLetter, isOpened: (DepositTag) throws(PeerFailure) -> Bool,
    pinned: (PrincipalName) throws(PeerFailure) -> VerifyingKey?,
    successor: () -> Realm? = { nil }, at clocks: PeerTrust.Clocks
  ) throws(PeerFailure) -> OpenedDeposit {
    guard letter.loginKey == loginKey.publicKey,
      let ticket = Ticket(opening: letter.ticket.bytes, under: ticketKey, realm: realm),
      ticket.purpose == .deposit, ticket.responder == name
    else { throw .ticketNotForUs }
    try check(ticket, at: clocks)
    // E is the message's first field; the sender's static key is not in it.
    guard letter.message.count >= AgreementPublicKey.byteCount,
      let ephemeral = AgreementPublicKey(
        letter.message.bytes.extracting(first: AgreementPublicKey.byteCount)),
      equalInConstantTime(ticket.ephemeral.encoding, ephemeral.encoding)
    else { throw .keysDiffer }
    let tag = DepositTag(ephemeral)
    guard try !isOpened(tag) else { throw .replayed }
    let pin = try pinned(ticket.initiator)
    let peer: TrustedPeer
    do {
      // As of the deposit: the sender's login may have ended long ago.
      peer = try PeerTrust(realm: realm, own: name).judge(
        ticket.claim, pinned: pin, at: PeerTrust.Clocks(kdc: ticket.issued, own: ticket.issued),
        successor: successor)
    } catch {
      throw .distrusted(error)
    }
    return try open(letter, from: peer, ticket: ticket, tag: tag)
  }

  /// The time of a deposit is within the life of the login key, by both clocks: a KDC that turns
  /// its clock back could otherwise use a sender's login key that leaked long ago.
  private func check(
    _ ticket: borrowing Ticket, at clocks: PeerTrust.Clocks
  ) throws(PeerFailure) {
    let tolerance = PeerTrust.clockTolerance
    guard ticket.issued <= clocks.kdc + tolerance, clocks.kdc <= ticket.expires + tolerance,
      clocks.kdc <= signed.expires + tolerance, signed.issued <= ticket.issued + tolerance
    else { throw .ticketExpired }
    let ownTolerance = PeerTrust.ownClockTolerance
    guard ticket.issued <= clocks.own + ownTolerance,
      clocks.own <= ticket.issued + PeerTrust.longestKeyLife + ownTolerance
    else { throw .ticketExpired }
  }

  private func open(
    _ letter: DepositLetter, from peer: TrustedPeer, ticket: borrowing Ticket, tag: DepositTag
  ) throws(PeerFailure) -> OpenedDeposit {
    let binding = PeerBinding(
      realm: realm, purpose: .deposit,
      initiator: PeerEnd(name: peer.name, identity: peer.identity, loginKey: peer.loginKey),
      responder: PeerEnd(name: name, identity: identity, loginKey: loginKey.publicKey),
      ephemeral: ticket.ephemeral)
    let prologue = letter.prologue(in: realm)
    var handshake = NoiseHandshake(
      .kPsk0, role: .responder, prologue: prologue.bytes, staticKey: loginKey.duplicate(),
      ephemeral: nil, remoteStatic: peer.loginKey)
    handshake.setPresharedKey(binding.preSharedKey(ticket.sessionKey))
    let first: SecretBytes
    do { first = try handshake.readMessage(letter.message.bytes) } catch { throw .handshake }
    return OpenedDeposit(
      firstRecord: first, opener: DepositOpener(handshake.split(), from: peer),
      deposited: ticket.issued, ticketID: ticket.id, tag: tag)
  }
}

/// What a receiver remembers a deposit by: SHA-256 of E.
public struct DepositTag: Hashable, Sendable {
  /// Of SHA-256.
  public static let byteCount = SHA256.byteCount

  /// 32 of them.
  public let bytes: [UInt8]

  init(_ ephemeral: AgreementPublicKey) { bytes = SHA256.hash(ephemeral.encoding) }

  /// As it was kept; nil unless it has 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }
}

/// A deposit whose letter has verified. The rest of it may still be missing or damaged.
@frozen
public struct OpenedDeposit: ~Copyable {
  /// What the letter has in it: the offer.
  public let firstRecord: SecretBytes
  /// Opens what follows the letter.
  public let opener: DepositOpener
  /// When the KDC issued the ticket, in KDC time.
  public let deposited: Timestamp
  /// What the KDC's log knows this deposit by: 8 bytes.
  public let ticketID: [UInt8]
  /// To be remembered once all of it is on the disk.
  public let tag: DepositTag
}

/// Opens the records of a deposit.
public struct DepositOpener: ~Copyable {
  /// Who has left it.
  public let peer: TrustedPeer
  /// What both ends know this deposit by, 32 bytes: its chunks are bound to it.
  public let handshakeHash: [UInt8]
  private var receiving: NoiseCipher

  init(_ transport: consuming NoiseTransport, from peer: TrustedPeer) {
    self.peer = peer
    handshakeHash = transport.handshakeHash
    receiving = transport.receiving
  }

  /// Opens the next record. After one that does not verify, none does.
  public mutating func open(_ record: RawSpan) throws(PeerFailure) -> SecretBytes {
    do { return try receiving.open(record) } catch { throw .record }
  }
}
