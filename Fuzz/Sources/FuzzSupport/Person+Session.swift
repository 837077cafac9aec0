import SecretMemory

@testable import Cryptography
@testable public import KeyDistribution

extension Person {
  /// This one's end of a session with another one, as a handshake would leave it, but with keys
  /// that are the same in every run. PeerFuzz tries the handshake itself.
  ///
  /// - Parameter isCaller: whether this one is the initiator.
  public func session(with peer: Person, isCaller: Bool) -> PeerSession {
    let there = World.bytes("fuzz session there", 32)
    let back = World.bytes("fuzz session back", 32)
    return PeerSession(
      NoiseTransport(
        sending: NoiseCipher(key: isCaller ? there.bytes : back.bytes),
        receiving: NoiseCipher(key: isCaller ? back.bytes : there.bytes),
        handshakeHash: World.bytes("fuzz session hash", 32)),
      with: TrustedPeer(
        name: peer.name, identity: peer.identity.publicKey, isPinned: false,
        loginKey: peer.loginKey.publicKey))
  }
}
