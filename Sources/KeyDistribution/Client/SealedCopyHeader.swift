public import Cryptography
public import SecretMemory
public import Wire

/// The head of an encrypted copy that a receiver keeps (PROTOCOL.md, 8): a random file key, sealed
/// under the half of the Argon2id output that never leaves the client. The passphrase of its day
/// opens it off line, on any machine.
public struct SealedCopyHeader: Hashable, Sendable {
  private static let magic = [UInt8]("trent sealed copy v1\n".utf8)
  /// What the file key is sealed under. A passphrase is the only kind yet.
  private static let underPassphrase: UInt8 = 1
  private static let sealedKeyByteCount =
    SealingKey.nonceByteCount + 32 + SealingKey.tagByteCount
  private static let openByteCount =
    magic.count + 1 + 12 + UserRecord.saltByteCount + SHA256.byteCount
    + PrincipalName.paddedByteCount + 4
  public static let byteCount = openByteCount + sealedKeyByteCount

  /// How the passphrase was hashed.
  public let parameters: Argon2Parameters
  /// 16 bytes.
  public let salt: [UInt8]
  /// 32 bytes.
  public let realmID: [UInt8]
  /// Whose copy it is.
  public let owner: PrincipalName
  /// Plaintext bytes of every chunk but the last.
  public let chunkByteCount: UInt32
  private let sealedKey: [UInt8]

  /// Seals a file key (32 bytes) for its owner.
  public init(
    fileKey: borrowing SecretBytes, owner: PrincipalName, realm: Realm,
    secret: borrowing PassphraseSecret, chunkByteCount: UInt32, random: inout some RandomSource
  ) {
    parameters = secret.parameters
    salt = secret.salt
    realmID = realm.id
    self.owner = owner
    self.chunkByteCount = chunkByteCount
    let head = Self.head(
      parameters: secret.parameters, salt: secret.salt, realmID: realm.id, owner: owner,
      chunkByteCount: chunkByteCount)
    sealedKey = Self.key(secret.deviceKey, realmID: realm.id, owner: owner).sealWithNonce(
      fileKey.bytes, authenticating: head.bytes, random: &random)
  }

  /// Reads the head of a copy: exactly `byteCount` bytes.
  public init(_ bytes: RawSpan) throws(WireError) {
    var reader = ByteReader(bytes)
    guard try reader.bytes(Self.magic.count) == Self.magic else { throw .invalid("magic") }
    guard try reader.uint8() == Self.underPassphrase else { throw .invalid("protection") }
    parameters = try reader.parameters()
    salt = try reader.bytes(UserRecord.saltByteCount)
    realmID = try reader.bytes(SHA256.byteCount)
    owner = try reader.name()
    chunkByteCount = try reader.uint32()
    sealedKey = try reader.bytes(Self.sealedKeyByteCount)
    try reader.finish()
  }

  /// The head's bytes.
  public var bytes: [UInt8] {
    Self.head(
      parameters: parameters, salt: salt, realmID: realmID, owner: owner,
      chunkByteCount: chunkByteCount) + sealedKey
  }

  /// The file key (32 bytes); fails unless the passphrase is the one it was sealed with and nothing
  /// of the head was changed.
  public func open(
    with secret: borrowing PassphraseSecret
  ) throws(AuthenticationFailure) -> SecretBytes {
    let head = Self.head(
      parameters: parameters, salt: salt, realmID: realmID, owner: owner,
      chunkByteCount: chunkByteCount)
    return try Self.key(secret.deviceKey, realmID: realmID, owner: owner).openWithNonce(
      sealedKey.bytes, authenticating: head.bytes)
  }

  /// What the chunks of this copy are bound to: SHA-256 of the whole head.
  public var binding: [UInt8] { SHA256.hash(bytes.bytes) }

  private static func head(
    parameters: Argon2Parameters, salt: [UInt8], realmID: [UInt8], owner: PrincipalName,
    chunkByteCount: UInt32
  ) -> [UInt8] {
    var head = ByteWriter()
    head.bytes(magic.bytes)
    head.uint8(underPassphrase)
    head.parameters(parameters)
    head.bytes(salt.bytes)
    head.bytes(realmID.bytes)
    head.name(owner)
    head.uint32(chunkByteCount)
    return head.publicBytes()
  }

  private static func key(
    _ deviceKey: borrowing SecretBytes, realmID: [UInt8], owner: PrincipalName
  ) -> SealingKey {
    var context = ByteWriter(.sealedCopy)
    context.prefixed(realmID.bytes)
    context.prefixed(owner)
    return SealingKey(HKDF.expand(deviceKey.bytes, info: context.written, count: 32))
  }
}
