public import KeyDistribution
public import Wire

/// A session that the KDC has given a key and a ticket for, before its first byte: for who has
/// connections of its own.
@frozen
public struct RequestedSession: ~Copyable {
  /// Where the receiver listens, as it has told the KDC; the likeliest first.
  public let addresses: [NetworkAddress]
  /// Whose session it will be, with the identity key that it has to prove to have.
  public let peer: TrustedPeer
  /// The first handshake message (P1), to be sent in a frame of type 1, and the state that awaits
  /// the second one (P3).
  public let outgoing: Outgoing<ExpectHandshakeReply>

  init(
    addresses: [NetworkAddress], peer: TrustedPeer,
    outgoing: consuming Outgoing<ExpectHandshakeReply>
  ) {
    self.addresses = addresses
    self.peer = peer
    self.outgoing = outgoing
  }
}
