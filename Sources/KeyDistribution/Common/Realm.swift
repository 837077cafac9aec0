public import Cryptography
internal import SecretMemory
internal import Wire

/// One KDC identity and its users.
public struct Realm: Hashable, Sendable {
  /// The Ed25519 key that clients pin.
  public let identity: VerifyingKey
  /// SHA-256 of the identity key: 32 bytes.
  public var id: [UInt8] { [UInt8](idBytes.bytes) }
  let idBytes: FixedBytes<32>

  public init(identity: VerifyingKey) {
    self.identity = identity
    idBytes = FixedBytes(padding: SHA256.hash(identity.encoding).bytes)
  }

  /// The id in hexadecimal, as files name it.
  public var hexadecimalID: String {
    id.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  private static let wordPrefix = "trent1"
  private static let checksumByteCount = 4

  /// The identity key as one printable word with a checksum: what `kdc` prints and people pin.
  public var word: String {
    Self.wordPrefix + Base32.encode(identity.bytes + id.prefix(Self.checksumByteCount))
  }

  /// Nil unless `word` is one that a KDC printed, with no letter changed.
  public init?(word: String) {
    guard word.hasPrefix(Self.wordPrefix),
      let bytes = Base32.decode(word.dropFirst(Self.wordPrefix.count)),
      bytes.count == 32 + Self.checksumByteCount,
      let key = VerifyingKey([UInt8](bytes[..<32]))
    else { return nil }
    self.init(identity: key)
    guard bytes[32...].elementsEqual(id.prefix(Self.checksumByteCount)) else { return nil }
  }

  /// The KDC's signature that `identity` is the identity key of `name` (PROTOCOL.md, 3.4).
  func certificateContent(name: PrincipalName, identity: VerifyingKey) -> [UInt8] {
    var content = ByteWriter(.userCertificate, in: self)
    content.prefixed(name)
    content.prefixed(identity.encoding)
    return content.publicBytes()
  }

  /// What a new user signs to show that it holds its identity key.
  func identityProofContent(name: PrincipalName, identity: VerifyingKey) -> [UInt8] {
    var content = ByteWriter(.identityProof, in: self)
    content.prefixed(name)
    content.prefixed(identity.encoding)
    return content.publicBytes()
  }
}
