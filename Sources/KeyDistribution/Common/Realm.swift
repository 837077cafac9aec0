public import Cryptography
internal import SecretMemory
internal import Wire

/// One KDC and its users.
public struct Realm: Hashable, Sendable {
  /// The Ed25519 key that clients pin: the present one, where it has been replaced.
  public let identity: VerifyingKey
  /// SHA-256 of the founding identity key: 32 bytes.
  public var id: [UInt8] { [UInt8](idBytes.bytes) }
  let idBytes: FixedBytes<32>

  /// A realm whose identity key is its founding key.
  public init(identity: VerifyingKey) { self.init(identity: identity, foundedBy: identity) }

  init(identity: VerifyingKey, foundedBy founding: VerifyingKey) {
    self.identity = identity
    idBytes = FixedBytes(padding: SHA256.hash(founding.encoding).bytes)
  }

  /// A realm as a device has pinned it. That the identity is this realm's was verified then.
  ///
  /// - Parameter id: 32 bytes; nil for any other number.
  public init?(identity: VerifyingKey, id: [UInt8]) {
    guard let bytes = FixedBytes<32>(id.bytes) else { return nil }
    self.identity = identity
    idBytes = bytes
  }

  /// - Parameter hexadecimalID: nil for anything but 64 digits, in small letters.
  public init?(identity: VerifyingKey, hexadecimalID: Substring) {
    guard let id = Hexadecimal.decode(hexadecimalID.utf8) else { return nil }
    self.init(identity: identity, id: id)
  }

  /// Whether the identity key is the founding key.
  public var hasFoundingIdentity: Bool { SHA256.hash(identity.encoding) == id }

  /// The id in hexadecimal, as files name it.
  public var hexadecimalID: String { Hexadecimal.encode(id) }

  private static let wordPrefix = "trent1"
  private static let checksumByteCount = 4

  /// The identity key as one printable word with a checksum: what `kdc` prints and people pin.
  public var word: String {
    let sum = SHA256.hash(identity.encoding).prefix(Self.checksumByteCount)
    return Self.wordPrefix + Base32.encode(identity.bytes + sum)
  }

  /// Nil unless `word` is one that a KDC printed, with no letter changed. It tells the identity;
  /// the id is right only if that is the founding key.
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
