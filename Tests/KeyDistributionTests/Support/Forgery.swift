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
    return header + key.seal(plaintext.written, authenticating: header.bytes)
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
