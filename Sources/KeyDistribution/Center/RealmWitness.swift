public import Cryptography
internal import SecretMemory
internal import Wire

/// What a store keeps of the keys that its records are sealed and certified under, so that a KDC
/// with others finds out before it serves (PROTOCOL.md, 3.7). Gives away nothing of them.
public struct RealmWitness: Hashable, Sendable {
  /// The present identity key, 32 bytes.
  public let identity: [UInt8]
  /// 32 zero bytes under the storage key: nonce, ciphertext, tag (60 bytes).
  public let sealed: [UInt8]

  /// As a store has it.
  public init(identity: [UInt8], sealed: [UInt8]) {
    self.identity = identity
    self.sealed = sealed
  }
}

extension RealmKeys {
  /// What a witness says about these keys.
  public enum WitnessVerdict: Hashable, Sendable {
    /// It is of these keys.
    case present
    /// These keys have taken the place of those; what they kept opens still.
    case former
    /// Those have taken the place of these, or were never the realm's.
    case unknown
  }

  /// A fresh one, of these keys as they are.
  public func witness(random: inout some RandomSource) -> RealmWitness {
    RealmWitness(
      identity: [UInt8](present.realm.identity.encoding),
      sealed: storage.seal(
        SecretBytes(copying: [UInt8](repeating: 0, count: 32).bytes), .digest, witnessContext,
        random: &random))
  }

  /// Whether a KDC with these keys may use what a KDC with those has kept.
  public func judge(_ witness: RealmWitness) -> WitnessVerdict {
    guard (try? storage.open(witness.sealed, .digest, witnessContext)) != nil,
      let identity = VerifyingKey(witness.identity)
    else { return .unknown }
    let present = present
    let isPresent =
      identity == present.realm.identity
      && storage.isPresent(witness.sealed, .digest, witnessContext)
    if isPresent { return .present }
    let isKnown =
      identity == present.realm.identity || present.succession.formerKeys.contains(identity)
    return isKnown ? .former : .unknown
  }

  /// No user's: without a name, and with the key version number 0, which nobody has.
  private var witnessContext: [UInt8] {
    var context = ByteWriter(.digestStorage, in: realm)
    context.prefixed(keyVersion: 0)
    return context.publicBytes()
  }
}
