/// What a finished handshake leaves: a cipher for each direction.
///
/// After a one-way pattern only the initiator may send (revision 34, section 7.4).
@frozen
public struct NoiseTransport: ~Copyable {
  /// For what this side seals.
  public let sending: NoiseCipher
  /// For what the other side has sealed.
  public let receiving: NoiseCipher
  /// Names this session; the same for both sides (section 11.2). 32 bytes.
  public let handshakeHash: [UInt8]
}
