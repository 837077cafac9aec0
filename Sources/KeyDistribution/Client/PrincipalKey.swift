public import Cryptography
public import SecretMemory
public import Wire

/// What a key file holds: everything that a machine needs in order to be a principal of a realm
/// (PROTOCOL.md, 9). Nothing but the permissions of the file protects it.
@frozen
public struct PrincipalKey: ~Copyable, Sendable {
  private static let magic = [UInt8]("trent key file v1\n".utf8)
  /// Of a realm whose identity is not its founding key: its id follows the identity.
  private static let successorMagic = [UInt8]("trent key file v2\n".utf8)
  private static let realmIDByteCount = 32
  /// How many bytes the key has, which is all that the KDC's digest is made of.
  public static let keyByteCount = 32
  private static let contentByteCount =
    magic.count + 32 + PrincipalName.paddedByteCount + keyByteCount + SigningKey.seedByteCount
  /// How many bytes the file has in the first form.
  public static let byteCount = contentByteCount + SHA256.byteCount
  /// How many it has at most.
  public static let longestByteCount = byteCount + realmIDByteCount

  /// At which KDC it is good.
  public let realm: Realm
  /// Whose it is.
  public let name: PrincipalName
  private let key: SecretBytes
  /// The seed of the identity key (32 bytes).
  public let identitySeed: SecretBytes

  private init(
    realm: Realm, name: PrincipalName, key: consuming SecretBytes,
    identitySeed: consuming SecretBytes
  ) {
    self.realm = realm
    self.name = name
    self.key = key
    self.identitySeed = identitySeed
  }

  /// A new key and a new identity key.
  public init(name: PrincipalName, realm: Realm, random: inout some RandomSource) {
    self.init(
      realm: realm, name: name, key: random.secret(Self.keyByteCount),
      identitySeed: random.secret(SigningKey.seedByteCount))
  }

  /// Reads the file.
  public init(_ file: RawSpan) throws(WireError) {
    guard file.byteCount >= Self.byteCount else { throw .truncated }
    let isSuccessor = [UInt8](file.extracting(first: Self.magic.count)) == Self.successorMagic
    let added = isSuccessor ? Self.realmIDByteCount : 0
    guard file.byteCount >= Self.byteCount + added else { throw .truncated }
    guard file.byteCount == Self.byteCount + added else { throw .trailingBytes }
    let content = file.extracting(first: Self.contentByteCount + added)
    var reader = ByteReader(content)
    let expected = isSuccessor ? Self.successorMagic : Self.magic
    guard try reader.bytes(Self.magic.count) == expected else { throw .invalid("magic") }
    let sum = SHA256.hash(content)
    guard equalInConstantTime(sum.bytes, file.extracting(last: SHA256.byteCount)) else {
      throw .invalid("checksum")
    }
    let realm = try reader.realm(hasID: isSuccessor)
    let name = try reader.name()
    let key = try reader.secret(Self.keyByteCount)
    let identitySeed = try reader.secret(SigningKey.seedByteCount)
    try reader.finish()
    self.init(realm: realm, name: name, key: key, identitySeed: identitySeed)
  }

  /// The file's bytes.
  public borrowing func file() -> SecretBytes {
    var file = ByteWriter(capacity: Self.longestByteCount)
    file.bytes(realm.hasFoundingIdentity ? Self.magic.bytes : Self.successorMagic.bytes)
    file.bytes(realm.identity.encoding)
    if !realm.hasFoundingIdentity { file.bytes(realm.id.bytes) }
    file.name(name)
    file.bytes(key.bytes)
    file.bytes(identitySeed.bytes)
    let sum = SHA256.hash(file.written)
    file.bytes(sum.bytes)
    return file.secret()
  }

  /// What the key gives with the salt (16 bytes) that the KDC tells for the name.
  public borrowing func secret(salt: [UInt8]) -> AccountSecret {
    AccountSecret(key: key, salt: salt, name: name, realm: realm)
  }

  /// A new key for the same principal, whose identity key stays.
  public borrowing func withNewKey(random: inout some RandomSource) -> PrincipalKey {
    PrincipalKey(
      realm: realm, name: name, key: random.secret(Self.keyByteCount),
      identitySeed: identitySeed.duplicate())
  }
}
