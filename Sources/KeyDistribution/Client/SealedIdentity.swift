public import Cryptography
public import SecretMemory
public import Wire

/// A user's identity key as the device keeps it: sealed under the half of the Argon2id output that
/// never leaves the client (PROTOCOL.md, 3.6).
public struct SealedIdentity: Hashable, Sendable {
  private static let magic = [UInt8]("trent identity v1\n".utf8)
  /// How many bytes the file has.
  public static let byteCount =
    magic.count + 12 + UserRecord.saltByteCount + SealingKey.nonceByteCount + 32
    + SealingKey.tagByteCount

  /// How the passphrase was hashed.
  public let parameters: Argon2Parameters
  /// 16 bytes.
  public let salt: [UInt8]
  private let sealed: [UInt8]

  /// Seals a seed (32 bytes) for its owner, under a passphrase: a key file holds it as it is.
  public init(
    seed: borrowing SecretBytes, secret: borrowing AccountSecret, name: PrincipalName,
    realm: Realm, random: inout some RandomSource
  ) {
    guard case .passphrase(let parameters) = secret.derivation else {
      preconditionFailure("an identity is sealed under a passphrase")
    }
    self.parameters = parameters
    salt = secret.salt
    let context = Self.context(
      parameters: parameters, salt: secret.salt, name: name, realm: realm)
    sealed = Self.key(secret.deviceKey, name: name, realm: realm).sealWithNonce(
      seed.bytes, authenticating: context.bytes, random: &random)
  }

  /// Reads the file.
  public init(_ file: RawSpan) throws(WireError) {
    var reader = ByteReader(file)
    guard try reader.bytes(Self.magic.count) == Self.magic else { throw .invalid("magic") }
    parameters = try reader.parameters()
    salt = try reader.bytes(UserRecord.saltByteCount)
    sealed = try reader.bytes(SealingKey.nonceByteCount + 32 + SealingKey.tagByteCount)
    try reader.finish()
  }

  /// The file's bytes.
  public var file: [UInt8] {
    var file = ByteWriter()
    file.bytes(Self.magic.bytes)
    file.parameters(parameters)
    file.bytes(salt.bytes)
    file.bytes(sealed.bytes)
    return file.publicBytes()
  }

  /// The seed (32 bytes); fails unless the passphrase, name and realm are those it was sealed for.
  public func open(
    with secret: borrowing AccountSecret, name: PrincipalName, realm: Realm
  ) throws(AuthenticationFailure) -> SecretBytes {
    let context = Self.context(parameters: parameters, salt: salt, name: name, realm: realm)
    return try Self.key(secret.deviceKey, name: name, realm: realm).openWithNonce(
      sealed.bytes, authenticating: context.bytes)
  }

  private static func key(
    _ deviceKey: borrowing SecretBytes, name: PrincipalName, realm: Realm
  ) -> SealingKey {
    var context = ByteWriter(.deviceIdentity, in: realm)
    context.prefixed(name)
    return SealingKey(HKDF.expand(deviceKey.bytes, info: context.written, count: 32))
  }

  private static func context(
    parameters: Argon2Parameters, salt: [UInt8], name: PrincipalName, realm: Realm
  ) -> [UInt8] {
    var context = ByteWriter(.deviceIdentity, in: realm)
    context.prefixed(name)
    context.parameters(parameters)
    context.bytes(salt.bytes)
    return context.publicBytes()
  }
}
