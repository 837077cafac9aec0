import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A granting exchange that somebody on the way has recorded, as whoever has the login finds out
/// its keys (PROTOCOL.md, 4.4 and 5.3).
struct RecordedGrant {
  let request: [UInt8]
  let answer: [UInt8]

  private var nonce: [UInt8] {
    let header = request.prefix(GrantingExchange.requestHeaderByteCount)
    return Array(header.suffix(GrantingExchange.nonceByteCount))
  }

  static let renewal = "request key of a renewal"

  /// The keys, and what each is called.
  ///
  /// - Parameter key: the request key: of the login, or of a renewal.
  /// - Throws: when it is no exchange for a ticket, or not under this key.
  func keys(
    _ login: borrowing Credential, _ key: borrowing SecretBytes
  ) throws -> [(name: String, bytes: [UInt8])] {
    let exchange = GrantingExchange(realm: login.realm, requestNonce: nonce.bytes)
    let requestKeys = exchange.requestKeys(key)
    let requestKey = Array([UInt8](requestKeys.bytes).prefix(32))
    let asked = try opened(SingleUseKey(requestKeys.duplicate()))
    let opener = GrantingReplyOpener(
      exchange: exchange, requestKey: key.duplicate())
    let awaited = ExpectTicket(opener: opener, peer: asked.peer, purpose: asked.purpose)
    let granted = try awaited.receive(answer.bytes)
    let sessionKey = [UInt8](granted.value.sessionKey.bytes)
    let renewal = [UInt8](granted.renewal.requestKey.bytes)
    let claim = granted.value.claim
    let binding = PeerBinding(
      realm: login.realm, purpose: asked.purpose,
      initiator: PeerEnd(
        name: login.name, identity: login.identity, loginKey: login.signed.key),
      responder: PeerEnd(
        name: asked.peer, identity: claim.identity, loginKey: claim.loginKey.key),
      ephemeral: asked.ephemeral)
    let preShared = binding.preSharedKey(granted.value.sessionKey)
    return [
      ("key of a request", requestKey), ("key of a reply", replyKey(key, in: login.realm)),
      ("session key", sessionKey), (Self.renewal, renewal),
      ("pre-shared key", [UInt8](preShared.bytes)),
    ]
  }

  private struct Asked {
    let purpose: Purpose
    let peer: PrincipalName
    let ephemeral: AgreementPublicKey
  }

  private func opened(_ key: consuming SingleUseKey) throws -> Asked {
    let header = Array(request.prefix(GrantingExchange.requestHeaderByteCount))
    let sealed = Array(request.dropFirst(header.count))
    let plaintext = try key.open(sealed.bytes, authenticating: header.bytes)
    return try Self.read(plaintext)
  }

  private static func read(_ plaintext: borrowing SecretBytes) throws -> Asked {
    var reader = ByteReader(plaintext.bytes)
    _ = try reader.timestamp()
    let request = try GrantingRequest(from: &reader)
    guard case .ticket(let purpose, let peer, let ephemeral, _) = request else {
      throw TestProblem("no request for a ticket")
    }
    return Asked(purpose: purpose, peer: peer, ephemeral: ephemeral)
  }

  /// As the KDC derives it, whose key for one reply seals it where it lies.
  private func replyKey(_ requestKey: borrowing SecretBytes, in realm: Realm) -> [UInt8] {
    let header = answer.prefix(GrantingExchange.replyHeaderByteCount)
    let responseNonce = Array(header.suffix(GrantingExchange.nonceByteCount))
    var context = ByteWriter(.grantingReply, in: realm)
    context.prefixed(nonce.bytes)
    context.prefixed(responseNonce.bytes)
    let key = HKDF.expand(requestKey.bytes, info: context.written, count: 32)
    return [UInt8](key.bytes)
  }
}
