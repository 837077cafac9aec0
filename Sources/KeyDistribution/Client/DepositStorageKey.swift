internal import Cryptography
public import SecretMemory
public import Wire

/// What a receiver's keys for deposits are sealed under on its device, one for each user and realm.
///
/// It comes from the seed of the user's identity key, so that a change of secret leaves those keys
/// as they are, and whoever has it opens them without the seed: a login that the device keeps.
public struct DepositStorageKey: ~Copyable, Sendable {
  static let byteCount = SealingKey.byteCount

  /// The public half of the user's own identity key.
  let identity: VerifyingKey
  private let key: SecretBytes

  /// - Parameter identitySeed: 32 bytes.
  public init(identitySeed: borrowing SecretBytes, name: PrincipalName, realm: Realm) {
    var context = ByteWriter(.depositKeys, in: realm)
    context.prefixed(name)
    key = HKDF.expand(identitySeed.bytes, info: context.written, count: Self.byteCount)
    identity = SigningKey(seed: identitySeed).publicKey
  }

  /// - Parameter key: as it was derived, 32 bytes.
  init(_ key: consuming SecretBytes, of identity: VerifyingKey) {
    self.key = key
    self.identity = identity
  }

  /// A copy with an owner of its own.
  public borrowing func duplicate() -> DepositStorageKey {
    DepositStorageKey(key.duplicate(), of: identity)
  }

  /// The 32 bytes, for a file.
  borrowing func secretBytes() -> SecretBytes { key.duplicate() }

  borrowing func sealingKey() -> SealingKey { SealingKey(key.duplicate()) }
}
