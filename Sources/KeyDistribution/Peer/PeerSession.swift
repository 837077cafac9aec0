internal import Cryptography
public import SecretMemory
internal import Wire

/// A session between two peers that have authenticated each other. Only the handshakes in this
/// module make one.
public struct PeerSession: ~Copyable {
  /// The other end, who has proven to be that.
  public let peer: TrustedPeer
  /// What both ends know this session by, 32 bytes: other derivations are bound to it.
  public let handshakeHash: [UInt8]
  private var sending: NoiseCipher
  private var receiving: NoiseCipher

  init(_ transport: consuming NoiseTransport, with peer: TrustedPeer) {
    self.peer = peer
    handshakeHash = transport.handshakeHash
    sending = transport.sending
    receiving = transport.receiving
  }

  /// The longest plaintext of a record: what Noise allows, less the tag.
  public static let recordLimit = 65535 - 16

  /// Seals the next record to the peer.
  public mutating func seal(_ plaintext: RawSpan) throws(PeerFailure) -> [UInt8] {
    do { return try sending.seal(plaintext) } catch { throw .record }
  }

  /// Opens the next record from the peer. After one that does not verify, none does.
  public mutating func open(_ record: RawSpan) throws(PeerFailure) -> SecretBytes {
    do { return try receiving.open(record) } catch { throw .record }
  }
}
