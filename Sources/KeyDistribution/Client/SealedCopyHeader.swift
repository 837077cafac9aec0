public import Cryptography
public import SecretMemory
public import Wire

/// The head of an encrypted copy that a receiver keeps (PROTOCOL.md, 8): a random file key, sealed
/// under the half of the account's secret that never leaves the client. The passphrase, or the key
/// file, of its day opens it off line, on any machine.
public struct SealedCopyHeader: Hashable, Sendable {
  private static let magic = [UInt8]("trent sealed copy v1\n".utf8)
  /// What the file key is sealed under.
  private static let underPassphrase: UInt8 = 1
  private static let underKey: UInt8 = 2
  private static let noParameters = [UInt8](repeating: 0, count: 12)
  private static let sealedKeyByteCount =
    SealingKey.nonceByteCount + 32 + SealingKey.tagByteCount
  private static let openByteCount =
    magic.count + 1 + 12 + UserRecord.saltByteCount + SHA256.byteCount
    + PrincipalName.paddedByteCount + 4
  /// How many bytes a head has.
  public static let byteCount = openByteCount + sealedKeyByteCount

  /// What opens the copy, and how.
  public let derivation: SecretDerivation
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
    secret: borrowing AccountSecret, chunkByteCount: UInt32, random: inout some RandomSource
  ) {
    derivation = secret.derivation
    salt = secret.salt
    realmID = realm.id
    self.owner = owner
    self.chunkByteCount = chunkByteCount
    let head = Self.head(
      derivation: secret.derivation, salt: secret.salt, realmID: realm.id, owner: owner,
      chunkByteCount: chunkByteCount)
    sealedKey = Self.key(secret.deviceKey, realmID: realm.id, owner: owner).sealWithNonce(
      fileKey.bytes, authenticating: head.bytes, random: &random)
  }

  /// Reads the head of a copy: exactly `byteCount` bytes.
  public init(_ bytes: RawSpan) throws(WireError) {
    var reader = ByteReader(bytes)
    guard try reader.bytes(Self.magic.count) == Self.magic else { throw .invalid("magic") }
    derivation = try Self.derivation(&reader)
    salt = try reader.bytes(UserRecord.saltByteCount)
    realmID = try reader.bytes(SHA256.byteCount)
    owner = try reader.name()
    chunkByteCount = try reader.uint32()
    sealedKey = try reader.bytes(Self.sealedKeyByteCount)
    try reader.finish()
  }

  private static func derivation(_ reader: inout ByteReader) throws(WireError) -> SecretDerivation {
    switch try reader.uint8() {
    case underPassphrase: return .passphrase(try reader.parameters())
    case underKey:
      guard try reader.bytes(noParameters.count) == noParameters else {
        throw .invalid("parameters")
      }
      return .key
    default: throw .invalid("protection")
    }
  }

  /// The head's bytes.
  public var bytes: [UInt8] {
    Self.head(
      derivation: derivation, salt: salt, realmID: realmID, owner: owner,
      chunkByteCount: chunkByteCount) + sealedKey
  }

  /// The file key (32 bytes); fails unless the secret is the one it was sealed with and nothing
  /// of the head was changed.
  public func open(
    with secret: borrowing AccountSecret
  ) throws(AuthenticationFailure) -> SecretBytes {
    let head = Self.head(
      derivation: derivation, salt: salt, realmID: realmID, owner: owner,
      chunkByteCount: chunkByteCount)
    return try Self.key(secret.deviceKey, realmID: realmID, owner: owner).openWithNonce(
      sealedKey.bytes, authenticating: head.bytes)
  }

  /// What the chunks of this copy are bound to: SHA-256 of the whole head.
  public var binding: [UInt8] { SHA256.hash(bytes.bytes) }

  private static func head(
    derivation: SecretDerivation, salt: [UInt8], realmID: [UInt8], owner: PrincipalName,
    chunkByteCount: UInt32
  ) -> [UInt8] {
    var head = ByteWriter()
    head.bytes(magic.bytes)
    switch derivation {
    case .passphrase(let parameters):
      head.uint8(underPassphrase)
      head.parameters(parameters)
    case .key:
      head.uint8(underKey)
      head.bytes(noParameters.bytes)
    }
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
