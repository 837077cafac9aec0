public import Cryptography
public import SecretMemory
public import Wire

/// The key that a user shares with the KDC, one sub-key for each purpose (PROTOCOL.md, 3.2).
///
/// Derived from the salted passphrase digest, which has full entropy, with Argon2id at its minimum
/// cost; name, realm and key version number are in the salt.
@frozen
public struct SharedKey: ~Copyable, Sendable {
  /// The key of the proof in a sealed request.
  let proofKey: SecretBytes
  /// What goes into the key of the answer to a proven request.
  let replyKey: SecretBytes

  /// - Parameter digest: 32 bytes.
  public init(
    digest: RawSpan, name: PrincipalName, keyVersion: UInt32, realm: Realm
  ) throws(Argon2Failure) {
    var context = ByteWriter(.sharedKey, in: realm)
    context.prefixed(name)
    context.prefixed(keyVersion: keyVersion)
    let key = try Argon2.hash(
      digest, salt: SHA256.hash(context.written).bytes, parameters: .minimum, count: 32)
    proofKey = HKDF.expand(key.bytes, info: ByteWriter(.proofKey).written, count: 32)
    replyKey = HKDF.expand(key.bytes, info: ByteWriter(.provenReplyKey).written, count: 32)
  }

  /// The proof that whoever wrote `content` holds this key: HMAC-SHA256, 32 bytes.
  func proof(of content: RawSpan) -> [UInt8] {
    HMACSHA256.authenticate(content, key: proofKey.bytes)
  }

  func isValidProof(_ proof: RawSpan, of content: RawSpan) -> Bool {
    HMACSHA256.isValid(proof, for: content, key: proofKey.bytes)
  }
}
