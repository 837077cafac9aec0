import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

// What a KDC or a peer could send that knows all the keys and keeps to no rule.

extension GrantingReplyOpener {
  borrowing func forge(
    _ kind: GrantingReplyKind, renewal: Bool, body: (inout ByteWriter) -> Void
  ) throws -> [UInt8] {
    try forge(rawKind: kind.rawValue) { message in
      if renewal { message.zeros(32 + TicketGrantingTicket.byteCount) }
      body(&message)
    }
  }

  /// A reply that verifies, of any kind and content.
  borrowing func forge(
    rawKind: UInt8, body: (inout ByteWriter) -> Void
  ) throws -> [UInt8] {
    let nonce = [UInt8](repeating: 7, count: GrantingExchange.nonceByteCount)
    var plaintext = ByteWriter()
    plaintext.uint8(rawKind)
    plaintext.timestamp(TestKDC.start)
    body(&plaintext)
    let header = grantingReplyHeader(responseNonce: nonce)
    let key = exchange.replyKey(requestKey, responseNonce: nonce.bytes)
    return key.seal(plaintext.written, behind: header.bytes)
  }
}

extension TestKDC {
  /// A sealed request with any plaintext, however long. Anybody can make one.
  func sealAnything(_ plaintext: borrowing ByteWriter) throws -> [UInt8] {
    let announcement = try reply(to: AnnouncedEpoch.request)
    let start = 2 + 32 + 8 + 8
    let bytes = [UInt8](announcement[start..<(start + EpochPublicKey.byteCount)])
    guard let key = EpochPublicKey(bytes) else { throw BadTest("no epoch key") }
    let exchange = SealedExchange(realm: realm, epochKey: key)
    var sender = try EpochSender(
      to: key, info: exchange.info.bytes, exporterContext: exchange.exporterContext.bytes)
    let header = exchange.requestHeader
    let ciphertext = try sender.seal(plaintext.written, authenticating: header.bytes)
    return header + sender.encapsulatedKey + ciphertext
  }
}

extension GrantingRequest {
  static func parse(_ bytes: RawSpan) throws -> GrantingRequest {
    var reader = ByteReader(bytes)
    let request = try GrantingRequest(from: &reader)
    try reader.finish()
    return request
  }
}

extension PresenceRecord {
  func with(sealedTicketKey: [UInt8]) -> PresenceRecord {
    PresenceRecord(
      name: name, keyVersion: keyVersion, loginTime: loginTime, loginEnd: loginEnd,
      addresses: addresses, loginKey: loginKey, sealedTicketKey: sealedTicketKey)
  }
}

extension TestKDC {
  static func loginKey(of credential: borrowing Credential) -> SignedLoginKey {
    credential.signed
  }
}
