public import Cryptography
public import SecretMemory
internal import Synchronization
internal import Wire

/// What digests and ticket keys are sealed under in files. While the storage key is being replaced
/// there are two: everything is sealed under the present one, and the former one still opens.
final class StorageKeys: Sendable {
  enum Purpose {
    case digest, ticketKey
  }

  /// Both keys that come out of one storage key.
  private final class Pair: Sendable {
    let digest: SealingKey
    let ticketKey: SealingKey

    init(_ key: borrowing SecretBytes) {
      digest = Self.derive(key, .digestStorage)
      ticketKey = Self.derive(key, .presenceStorage)
    }

    private static func derive(_ key: borrowing SecretBytes, _ label: Label) -> SealingKey {
      SealingKey(HKDF.expand(key.bytes, info: ByteWriter(label).written, count: 32))
    }

    func open(
      _ sealed: [UInt8], _ purpose: Purpose, _ context: [UInt8]
    ) throws(AuthenticationFailure) -> SecretBytes {
      switch purpose {
      case .digest:
        try digest.openWithNonce(sealed.bytes, authenticating: context.bytes)
      case .ticketKey:
        try ticketKey.openWithNonce(sealed.bytes, authenticating: context.bytes)
      }
    }
  }

  private let pairs: Mutex<(present: Pair, former: Pair?)>

  init(_ material: borrowing KDCKeyMaterial) {
    let former: Pair?
    switch material.formerStorageKey {
    case .some(let key): former = Pair(key)
    case .none: former = nil
    }
    pairs = Mutex((Pair(material.storageKey), former))
  }

  func seal(
    _ secret: borrowing SecretBytes, _ purpose: Purpose, _ context: [UInt8],
    random: inout some RandomSource
  ) -> [UInt8] {
    let pair = pairs.withLock { $0.present }
    switch purpose {
    case .digest:
      return pair.digest.sealWithNonce(
        secret.bytes, authenticating: context.bytes, random: &random)
    case .ticketKey:
      return pair.ticketKey.sealWithNonce(
        secret.bytes, authenticating: context.bytes, random: &random)
    }
  }

  func open(
    _ sealed: [UInt8], _ purpose: Purpose, _ context: [UInt8]
  ) throws(AuthenticationFailure) -> SecretBytes {
    let pairs = pairs.withLock { $0 }
    do throws(AuthenticationFailure) {
      return try pairs.present.open(sealed, purpose, context)
    } catch {
      guard let former = pairs.former else { throw error }
      return try former.open(sealed, purpose, context)
    }
  }

  func isPresent(_ sealed: [UInt8], _ purpose: Purpose, _ context: [UInt8]) -> Bool {
    let pair = pairs.withLock { $0.present }
    return (try? pair.open(sealed, purpose, context)) != nil
  }

  /// From now on everything is sealed under another key.
  func adopt(_ key: borrowing SecretBytes) {
    let pair = Pair(key)
    pairs.withLock { $0 = (pair, $0.present) }
  }

  func forgetFormer() { pairs.withLock { $0.former = nil } }
}

/// Another storage key in the place of the present one.
extension RealmKeys {
  /// A fresh storage key takes the place of the present one, which opens what was sealed before.
  public func adoptStorageKey(_ key: borrowing SecretBytes) { storage.adopt(key) }

  /// Everything is sealed under the present key.
  public func forgetFormerStorageKey() { storage.forgetFormer() }

  /// The record with its digest sealed under the present key; nil if it is, or if there is none.
  public func resealed(_ user: UserRecord, random: inout some RandomSource) -> UserRecord? {
    let context = digestContext(name: user.name, keyVersion: user.keyVersion)
    guard !user.state.isVacant, !storage.isPresent(user.sealedDigest, .digest, context) else {
      return nil
    }
    switch try? openDigest(of: user) {
    case .some(let digest):
      var resealed = user
      resealed.sealedDigest = sealDigest(
        digest, name: user.name, keyVersion: user.keyVersion, random: &random)
      return resealed
    case .none: return nil
    }
  }

  /// The same for the ticket key of a login.
  public func resealed<Record: LoginRecord>(
    _ record: Record, random: inout some RandomSource
  ) -> Record? {
    let context = presenceContext(name: record.name, loginTime: record.loginTime)
    guard !storage.isPresent(record.sealedTicketKey, .ticketKey, context) else { return nil }
    switch try? openTicketKey(of: record) {
    case .some(let key):
      var resealed = record
      resealed.sealedTicketKey = sealTicketKey(
        key, name: record.name, loginTime: record.loginTime, random: &random)
      return resealed
    case .none: return nil
    }
  }
}
