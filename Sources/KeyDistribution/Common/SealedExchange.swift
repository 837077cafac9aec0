internal import Cryptography
internal import SecretMemory
internal import Wire

/// What both ends of a sealed exchange compute alike (PROTOCOL.md, 4.3).
struct SealedExchange {
  let realm: Realm
  /// SHA-256 of the epoch key: 32 bytes. Its first 8 name the key in a request.
  let epochKeyHash: [UInt8]

  static let epochIDByteCount = 8
  static let responseNonceByteCount = 32
  static let proofByteCount = 32
  /// Version, type, whether the request was proven, response nonce.
  static let replyHeaderByteCount = MessageType.headerByteCount + 1 + responseNonceByteCount

  init(realm: Realm, epochKey: EpochPublicKey) {
    self.realm = realm
    epochKeyHash = SHA256.hash(epochKey.bytes.bytes)
  }

  var epochID: [UInt8] { [UInt8](epochKeyHash.prefix(Self.epochIDByteCount)) }

  /// HPKE's `info`.
  var info: [UInt8] {
    var info = ByteWriter(.sealedRequest, in: realm)
    info.prefixed(epochKeyHash.bytes)
    return info.publicBytes()
  }

  /// HPKE's exporter context.
  var exporterContext: [UInt8] { ByteWriter(.sealedReply, in: realm).publicBytes() }

  /// HPKE's associated data: the message up to the encapsulated key.
  var requestHeader: [UInt8] {
    var header = ByteWriter(message: .sealedRequest)
    header.bytes(epochID.bytes)
    return header.publicBytes()
  }

  /// What the proof in a request is computed over.
  func proofContent(encapsulatedKey: RawSpan, body: RawSpan) -> SecretBytes {
    var content = ByteWriter(.requestProof, in: realm)
    content.prefixed(epochKeyHash.bytes)
    content.prefixed(encapsulatedKey)
    content.prefixed(body)
    return content.secret()
  }

  /// The key of a reply (RFC 9458, 4.4), with the shared key in it when the request was proven.
  func replyKey(
    exported: borrowing SecretBytes, encapsulatedKey: RawSpan, responseNonce: RawSpan
  ) -> SingleUseKey {
    replyKey(material: exported.bytes, encapsulatedKey, responseNonce, .openReply)
  }

  func replyKey(
    exported: borrowing SecretBytes, shared: borrowing SharedKey, encapsulatedKey: RawSpan,
    responseNonce: RawSpan
  ) -> SingleUseKey {
    var material = ByteWriter(capacity: 64)
    material.bytes(exported.bytes)
    material.bytes(shared.replyKey.bytes)
    return replyKey(material: material.written, encapsulatedKey, responseNonce, .provenReply)
  }

  private func replyKey(
    material: RawSpan, _ encapsulatedKey: RawSpan, _ responseNonce: RawSpan, _ label: Label
  ) -> SingleUseKey {
    var salt = ByteWriter(capacity: encapsulatedKey.byteCount + responseNonce.byteCount)
    salt.bytes(encapsulatedKey)
    salt.bytes(responseNonce)
    return SingleUseKey(
      HKDF.derive(
        material, salt: salt.written, info: ByteWriter(label, in: realm).written,
        count: SingleUseKey.byteCount))
  }
}

/// Version, type, proven or not, response nonce: what a sealed reply begins with and authenticates.
func sealedReplyHeader(proven: Bool, responseNonce: [UInt8]) -> [UInt8] {
  var header = ByteWriter(message: .sealedReply)
  header.uint8(proven ? 1 : 0)
  header.bytes(responseNonce.bytes)
  return header.publicBytes()
}
