public import Cryptography
internal import SecretMemory
internal import Wire

extension Credential {
  /// Step P1: writes the first handshake message, with the ticket as its payload.
  ///
  /// - Parameters:
  ///   - peer: the judged keys of the peer that `grant` is for.
  ///   - ephemeral: the one whose public half the ticket was asked with.
  public func startSession(
    _ grant: consuming SessionGrant, with peer: TrustedPeer, ephemeral: consuming AgreementKey
  ) throws(PeerFailure) -> Outgoing<ExpectHandshakeReply> {
    guard grant.purpose != .deposit, grant.peer == peer.name, grant.claim.identity == peer.identity,
      grant.claim.loginKey.key == peer.loginKey
    else { throw .keysDiffer }
    let binding = PeerBinding(
      realm: realm, purpose: grant.purpose,
      initiator: PeerEnd(name: name, identity: identity, loginKey: loginKey.publicKey),
      responder: PeerEnd(name: peer.name, identity: peer.identity, loginKey: peer.loginKey),
      ephemeral: ephemeral.publicKey)
    let prologue = peerPrologue(realm: realm, responder: peer.name, identity: peer.identity)
    var handshake = NoiseHandshake(
      .ikPsk2, role: .initiator, prologue: prologue.bytes, staticKey: loginKey.duplicate(),
      ephemeral: ephemeral, remoteStatic: peer.loginKey)
    handshake.setPresharedKey(binding.preSharedKey(grant.sessionKey))
    do {
      let message = try handshake.writeMessage(grant.ticket.bytes)
      return Outgoing(message, next: ExpectHandshakeReply(handshake: handshake, peer: peer))
    } catch {
      throw .handshake
    }
  }
}

/// Awaits P2.
public struct ExpectHandshakeReply: ~Copyable {
  var handshake: NoiseHandshake
  let peer: TrustedPeer

  /// Step P3: verifies the responder's message. File data is sent only after this.
  public consuming func receive(_ message: RawSpan) throws(PeerFailure) -> PeerSession {
    let peer = peer
    var handshake = handshake
    do {
      let payload = try handshake.readMessage(message)
      guard payload.count == 0 else { throw PeerFailure.handshake }
    } catch {
      throw .handshake
    }
    return PeerSession(handshake.split(), with: peer)
  }
}
