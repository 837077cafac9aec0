internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// The keys of a receiver's login as fields of a line. Some of other lengths than they must have
/// are our own mistake.
///
///     key=<base64> issued=<moment> expires=<moment> keykvno=3 signature=<base64>
///     ticketkey=sealed:<base64>
func loginKeyFields(_ loginKey: SignedLoginKey, sealedTicketKey: [UInt8]) -> String {
  precondition(sealedTicketKey.count == PresenceRecord.sealedTicketKeyByteCount)
  precondition(loginKey.signature.count == SignedLoginKey.signatureByteCount)
  let fields = [
    "key=\(Base64.encode(loginKey.key.bytes))",
    "issued=\(loginKey.issued.milliseconds)",
    "expires=\(loginKey.expires.milliseconds)",
    "keykvno=\(loginKey.keyVersion)",
    "signature=\(Base64.encode(loginKey.signature))",
    "ticketkey=\(sealedPrefix)\(Base64.encode(sealedTicketKey))",
  ]
  return fields.joined(separator: " ")
}

private let sealedPrefix: StaticString = "sealed:"

extension LineReader {
  /// Reads them.
  mutating func loginKeys() throws(LineFault) -> (SignedLoginKey, sealedTicketKey: [UInt8]) {
    guard let key = AgreementPublicKey(try bytes("key", count: AgreementPublicKey.byteCount))
    else { throw .invalid("key") }
    let loginKey = SignedLoginKey(
      key: key, issued: try moment("issued"), expires: try moment("expires"),
      keyVersion: try number("keykvno"),
      signature: try bytes("signature", count: SignedLoginKey.signatureByteCount))
    let sealed = try bytes(
      "ticketkey", prefix: sealedPrefix, count: PresenceRecord.sealedTicketKeyByteCount)
    return (loginKey, sealed)
  }
}
