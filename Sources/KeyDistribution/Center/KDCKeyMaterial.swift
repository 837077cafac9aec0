public import Cryptography
public import SecretMemory

/// Every long-lived secret of a KDC, as `kdc.key` keeps it.
@frozen
public struct KDCKeyMaterial: ~Copyable, Sendable {
  /// The seed of the Ed25519 identity key that clients pin (32 bytes).
  public let identitySeed: SecretBytes
  /// How that key came to be the identity; empty when it is the founding key.
  public let succession: IdentitySuccession
  /// Whether records may still have certificates of the identity before.
  public let isRecertifying: Bool
  /// What digests and ticket keys are sealed under in files (32 bytes).
  public let storageKey: SecretBytes
  /// The one before, while files are being sealed anew; nil otherwise.
  public let formerStorageKey: SecretBytes?
  /// What salts are made with (32 bytes).
  public let saltKey: SecretBytes
  /// The hour, counted from 1970, that `ratchetKey` belongs to.
  public let ratchetPeriod: UInt64
  /// The chain key of the TGT ratchet at `ratchetPeriod` (32 bytes). Older ones are erased.
  public let ratchetKey: SecretBytes

  /// As a file or a store has it.
  public init(
    identitySeed: consuming SecretBytes, succession: IdentitySuccession = IdentitySuccession(),
    isRecertifying: Bool = false, storageKey: consuming SecretBytes,
    formerStorageKey: consuming SecretBytes? = nil, saltKey: consuming SecretBytes,
    ratchetPeriod: UInt64, ratchetKey: consuming SecretBytes
  ) {
    self.identitySeed = identitySeed
    self.succession = succession
    self.isRecertifying = isRecertifying
    self.storageKey = storageKey
    self.formerStorageKey = formerStorageKey
    self.saltKey = saltKey
    self.ratchetPeriod = ratchetPeriod
    self.ratchetKey = ratchetKey
  }

  /// Fresh secrets of a KDC that starts for the first time, in the hour `period`.
  public static func generate(
    period: UInt64, random: inout some RandomSource
  ) -> KDCKeyMaterial {
    KDCKeyMaterial(
      identitySeed: random.secret(32), storageKey: random.secret(32), saltKey: random.secret(32),
      ratchetPeriod: period, ratchetKey: random.secret(32))
  }
}
