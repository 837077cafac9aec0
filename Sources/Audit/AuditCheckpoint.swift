internal import Cryptography
internal import SecretMemory
internal import Wire

/// What a KDC signs: that the record of this number comes after lines with this hash.
struct AuditCheckpoint {
  let head: [UInt8]
  let signature: [UInt8]

  init?(_ line: [UInt8]) {
    guard let value = try? JSONValue(line), value["event"]?.text == "checkpoint",
      let head = value["head"]?.hexadecimal,
      let signature = value["signature"]?.hexadecimal
    else { return nil }
    self.head = head
    self.signature = signature
  }

  static func content(number: UInt64, head: [UInt8], identity: VerifyingKey) -> [UInt8] {
    var content = ByteWriter(.checkpoint)
    content.prefixed(SHA256.hash(identity.encoding).bytes)
    content.uint16(8)
    content.uint64(number)
    content.prefixed(head.bytes)
    return content.publicBytes()
  }

  func isValid(number: UInt64, identity: VerifyingKey) -> Bool {
    let content = Self.content(number: number, head: head, identity: identity)
    return identity.isValidSignature(signature.bytes, for: content.bytes)
  }
}
