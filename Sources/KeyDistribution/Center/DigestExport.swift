public import Cryptography
public import SecretMemory
internal import Wire

/// What the digests of an export are sealed under, and what the whole of it is authenticated with:
/// both from a passphrase (PROTOCOL.md, 10).
public struct ExportKey: ~Copyable, Sendable {
  /// Random for each export.
  public static let saltByteCount = 16

  private let sealing: SealingKey
  private let authentication: SecretBytes

  /// - Throws: when this machine lacks the memory.
  public init(
    passphrase: borrowing SecretBytes, salt: [UInt8], parameters: Argon2Parameters
  ) throws(Argon2Failure) {
    guard parameters.isWithinLimits else { throw .parameters }
    let key = try Argon2.hash(
      passphrase.bytes, salt: salt.bytes, parameters: parameters, count: 32)
    sealing = SealingKey(
      HKDF.expand(key.bytes, info: ByteWriter(.userExport).written, count: 32))
    authentication = HKDF.expand(
      key.bytes, info: ByteWriter(.userExportAuthentication).written, count: 32)
  }

  /// The digest of a user (60 bytes), whatever realm it goes to.
  public func seal(
    digestOf user: UserRecord, in keys: RealmKeys, random: inout some RandomSource
  ) throws(AuthenticationFailure) -> [UInt8] {
    let digest = try keys.openDigest(of: user)
    let context = Self.context(user)
    return sealing.sealWithNonce(digest.bytes, authenticating: context.bytes, random: &random)
  }

  /// The user as another realm keeps it, from a record whose sealed digest is that of an export.
  public func adopt(
    _ user: UserRecord, in keys: RealmKeys, random: inout some RandomSource
  ) throws(AuthenticationFailure) -> UserRecord {
    var adopted = user
    if user.state.isVacant {
      adopted.sealedDigest = random.bytes(UserRecord.sealedDigestByteCount)
      return adopted
    }
    let context = Self.context(user)
    let digest = try sealing.openWithNonce(
      user.sealedDigest.bytes, authenticating: context.bytes)
    adopted.sealedDigest = keys.sealDigest(
      digest, name: user.name, keyVersion: user.keyVersion, random: &random)
    adopted.certificate =
      user.identity.map { keys.certificate(for: user.name, identity: $0) } ?? []
    return adopted
  }

  /// HMAC-SHA256 over all lines but the last.
  public func authenticate(_ text: RawSpan) -> [UInt8] {
    HMACSHA256.authenticate(text, key: authentication.bytes)
  }

  private static func context(_ user: UserRecord) -> [UInt8] {
    var context = ByteWriter(.userExport)
    context.prefixed(user.name)
    context.prefixed(keyVersion: user.keyVersion)
    return context.publicBytes()
  }
}
