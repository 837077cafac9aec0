public import Cryptography
internal import SecretMemory
internal import Wire

extension Credential {
  /// Step G1: begins a deposit, which its receiver opens when it is back. The letter carries the
  /// first record; `DepositSealer` seals the others.
  ///
  /// - Parameters:
  ///   - peer: the judged keys of the receiver that `grant` is for.
  ///   - ephemeral: the one whose public half the ticket was asked with. One ticket is one deposit:
  ///     whoever tries again sends the same bytes, or asks for another ticket.
  ///   - first: the first record, at most `DepositLetter.firstRecordLimit` bytes.
  public func startDeposit(
    _ grant: consuming SessionGrant, for peer: TrustedPeer, ephemeral: consuming AgreementKey,
    first: RawSpan
  ) throws(PeerFailure) -> StartedDeposit {
    guard grant.purpose == .deposit, grant.peer == peer.name,
      grant.claim.identity == peer.identity, grant.claim.loginKey.key == peer.loginKey
    else { throw .keysDiffer }
    let binding = PeerBinding(
      realm: realm, purpose: .deposit,
      initiator: PeerEnd(name: name, identity: identity, loginKey: loginKey.publicKey),
      responder: PeerEnd(name: peer.name, identity: peer.identity, loginKey: peer.loginKey),
      ephemeral: ephemeral.publicKey)
    let unwritten = DepositLetter(loginKey: peer.loginKey, ticket: grant.ticket, message: [])
    let prologue = unwritten.prologue(in: realm)
    var handshake = NoiseHandshake(
      .kPsk0, role: .initiator, prologue: prologue.bytes, staticKey: loginKey.duplicate(),
      ephemeral: ephemeral, remoteStatic: peer.loginKey)
    handshake.setPresharedKey(binding.preSharedKey(grant.sessionKey))
    do {
      let message = try handshake.writeMessage(first)
      let letter = DepositLetter(
        loginKey: peer.loginKey, ticket: grant.ticket, message: message)
      return StartedDeposit(letter: letter, sealer: DepositSealer(handshake.split(), for: peer))
    } catch {
      throw .handshake
    }
  }
}

/// A deposit whose letter is written.
@frozen
public struct StartedDeposit: ~Copyable {
  /// Goes first.
  public let letter: DepositLetter
  /// Seals what follows the letter.
  public let sealer: DepositSealer
}

/// Seals the records of a deposit. There is nobody to answer.
public struct DepositSealer: ~Copyable {
  /// Whom it is for.
  public let peer: TrustedPeer
  /// What both ends know this deposit by, 32 bytes: its chunks are bound to it.
  public let handshakeHash: [UInt8]
  private var sending: NoiseCipher

  init(_ transport: consuming NoiseTransport, for peer: TrustedPeer) {
    self.peer = peer
    handshakeHash = transport.handshakeHash
    sending = transport.sending
  }

  /// Seals the next record, at most `PeerSession.recordLimit` bytes.
  public mutating func seal(_ plaintext: RawSpan) throws(PeerFailure) -> [UInt8] {
    do { return try sending.seal(plaintext) } catch { throw .record }
  }
}
