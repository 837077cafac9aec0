internal import Cryptography
internal import SecretMemory
internal import Wire

/// One end of a peer session: its name, identity key and per-login key.
struct PeerEnd {
  let name: PrincipalName
  let identity: VerifyingKey
  let loginKey: AgreementPublicKey
}

/// What a peer session mixes in beyond Diffie-Hellman (PROTOCOL.md, 5.3).
struct PeerBinding {
  let realm: Realm
  let purpose: Purpose
  let initiator: PeerEnd
  let responder: PeerEnd
  let ephemeral: AgreementPublicKey

  /// The pre-shared key of the Noise handshake: the session key bound to all names and keys. The
  /// session key itself is never the psk.
  func preSharedKey(_ sessionKey: borrowing SecretBytes) -> SecretBytes {
    var context = ByteWriter(.peerKey)
    context.prefixed([purpose.rawValue].bytes)
    context.prefixed(realm.idBytes.bytes)
    context.prefixed(initiator.name)
    context.prefixed(responder.name)
    context.prefixed(initiator.identity.encoding)
    context.prefixed(responder.identity.encoding)
    context.prefixed(initiator.loginKey.encoding)
    context.prefixed(responder.loginKey.encoding)
    context.prefixed(ephemeral.encoding)
    let none: [UInt8] = []
    return HKDF.derive(
      sessionKey.bytes, salt: none.bytes, info: context.written, count: 32)
  }
}

/// The prologue of the Noise handshake: version, realm, and who is called.
func peerPrologue(
  realm: Realm, responder: PrincipalName, identity: VerifyingKey
) -> [UInt8] {
  var prologue = ByteWriter(.peerSession, in: realm)
  prologue.prefixed(responder)
  prologue.prefixed(identity.encoding)
  return prologue.publicBytes()
}

/// Why a peer session did not come about. It stays at home: on the wire every failure is the same
/// closed connection.
public enum PeerFailure: Error, Hashable, Sendable {
  /// A Noise message did not have its form, or did not verify.
  case handshake
  /// The ticket was not sealed for this login, or is for another purpose or name.
  case ticketNotForUs
  /// By KDC time, with five minutes of tolerance.
  case ticketExpired
  /// The ticket was issued for other keys than the ones in the handshake.
  case keysDiffer
  /// This initiator's ephemeral key was here before.
  case replayed
  /// Too many sessions to remember.
  case overloaded
  /// The keys in the ticket are not to be trusted.
  case distrusted(PeerDistrust)
  /// One's own pins could not be read: nobody is believed without them.
  case pinsUnreadable
  /// A record did not verify, or came after the last one.
  case record
}
