internal import Cryptography
internal import SecretMemory
internal import Wire

/// What both ends of a granting exchange compute alike (PROTOCOL.md, 4.4): symmetric cryptography
/// only, under the request key that a ticket-granting ticket carries.
struct GrantingExchange {
  let realm: Realm
  /// 16 random bytes of the client; with the request key they make every request's key its own.
  let requestNonce: FixedBytes<16>

  /// - Parameter requestNonce: 16 bytes.
  init(realm: Realm, requestNonce: RawSpan) {
    self.realm = realm
    self.requestNonce = FixedBytes(padding: requestNonce)
  }

  static let nonceByteCount = 16
  static let replayTagByteCount = 16
  /// Version, type, ticket-granting ticket, request nonce.
  static let requestHeaderByteCount =
    MessageType.headerByteCount + TicketGrantingTicket.byteCount + nonceByteCount
  /// Version, type, response nonce.
  static let replyHeaderByteCount = MessageType.headerByteCount + nonceByteCount

  func requestHeader(ticket: [UInt8]) -> [UInt8] {
    var header = ByteWriter(message: .grantingRequest)
    header.bytes(ticket.bytes)
    header.bytes(requestNonce.bytes)
    return header.publicBytes()
  }

  /// The request's key and, in the same derivation, the tag that the replay cache knows it by.
  func requestKeys(_ requestKey: borrowing SecretBytes) -> SecretBytes {
    var context = Context(.grantingRequest, in: realm)
    context.prefixed(requestNonce.bytes)
    return HKDF.expand(
      requestKey.bytes, info: context.written,
      count: SingleUseKey.byteCount + Self.replayTagByteCount)
  }

  func replyKey(_ requestKey: borrowing SecretBytes, responseNonce: RawSpan) -> SingleUseKey {
    var context = Context(.grantingReply, in: realm)
    context.prefixed(requestNonce.bytes)
    context.prefixed(responseNonce)
    return SingleUseKey(
      HKDF.expand(requestKey.bytes, info: context.written, count: SingleUseKey.byteCount))
  }
}

func grantingReplyHeader(responseNonce: [UInt8]) -> [UInt8] {
  var header = ByteWriter(message: .grantingReply)
  header.bytes(responseNonce.bytes)
  return header.publicBytes()
}
