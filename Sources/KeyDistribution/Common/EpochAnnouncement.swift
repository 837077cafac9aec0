internal import Cryptography
internal import SecretMemory
internal import Wire

/// The KDC's present epoch key, signed by its identity (PROTOCOL.md, 4.2).
struct EpochAnnouncement {
  let identity: VerifyingKey
  let notBefore: Timestamp
  let notAfter: Timestamp
  let key: EpochPublicKey
  let signature: [UInt8]
  let succession: IdentitySuccession

  init(
    identity: VerifyingKey, notBefore: Timestamp, notAfter: Timestamp, key: EpochPublicKey,
    signature: [UInt8], succession: IdentitySuccession = IdentitySuccession()
  ) {
    self.identity = identity
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.key = key
    self.signature = signature
    self.succession = succession
  }

  /// The whole message.
  var message: [UInt8] {
    var message = ByteWriter(message: .epochReply, capacity: 2048)
    message.bytes(identity.encoding)
    message.timestamp(notBefore)
    message.timestamp(notAfter)
    message.bytes(key.bytes.bytes)
    message.bytes(signature.bytes)
    if succession.count > 0 { succession.write(to: &message) }
    return message.publicBytes()
  }

  /// - Parameter reader: stands after version and type.
  init(from reader: inout ByteReader) throws(WireError) {
    identity = try reader.verifyingKey()
    notBefore = try reader.timestamp()
    notAfter = try reader.timestamp()
    guard let key = EpochPublicKey(try reader.bytes(EpochPublicKey.byteCount)) else {
      throw .invalid("epoch key")
    }
    self.key = key
    signature = try reader.bytes(64)
    succession =
      reader.remaining > 0 ? try IdentitySuccession(from: &reader) : IdentitySuccession()
    try reader.finish()
  }

  static func signedContent(
    realm: Realm, notBefore: Timestamp, notAfter: Timestamp, key: EpochPublicKey
  ) -> [UInt8] {
    var content = ByteWriter(.epochKey, in: realm)
    content.prefixed(notBefore)
    content.prefixed(notAfter)
    content.prefixed(key.bytes.bytes)
    return content.publicBytes()
  }
}
