internal import Cryptography
internal import SecretMemory
internal import Wire

/// What came with a sealed request to prove that its sender knows the secret of a name.
struct ProofClaim: ~Copyable, Sendable {
  let proof: [UInt8]
  /// What the proof is computed over.
  let content: SecretBytes

  func isValid(under shared: borrowing SharedKey) -> Bool {
    shared.isValidProof(proof.bytes, of: content.bytes)
  }
}

/// A user who has proven to know the shared key.
struct VerifiedUser: ~Copyable {
  let user: UserRecord
  let shared: UserKey
}

/// Why a sealed request ends in the one refusal.
struct Refusal: Error {
  let reason: CenterEvent.Reason
  init(_ reason: CenterEvent.Reason) { self.reason = reason }
}

extension KeyDistributionCenter {
  /// What L2 and C2 begin with: the name exists and is active, the key version number is its
  /// present one, and the proof is right. Every way to fail takes as long as a wrong proof.
  func verify(
    _ claim: borrowing ProofClaim, of name: PrincipalName, keyVersion: UInt32, user: UserRecord?
  ) throws(Refusal) -> VerifiedUser {
    let present: UserRecord
    do throws(Refusal) {
      present = try self.present(user, keyVersion: keyVersion)
    } catch {
      spendAsMuch(on: claim, of: name, keyVersion: keyVersion)
      throw error
    }
    // Only a right proof is found out quickly: of a wrong one nobody must notice whether its owner
    // has been here lately.
    let sealed = present.sealedDigest
    let kept = keys.userKeys.key(of: present, sealed: sealed)
    if let kept, claim.isValid(under: kept.key) {
      return VerifiedUser(user: present, shared: kept)
    }
    let shared = UserKey(try sharedKey(of: present))
    if kept == nil { _ = claim.isValid(under: shared.key) }
    guard claim.isValid(under: shared.key) else { throw Refusal(.wrongProof) }
    keys.userKeys.keep(shared, of: present, sealed: sealed)
    return VerifiedUser(user: present, shared: shared)
  }

  private func present(
    _ user: UserRecord?, keyVersion: UInt32
  ) throws(Refusal) -> UserRecord {
    guard let user, !user.state.isVacant else { throw Refusal(.unknownName) }
    guard user.state == .active else { throw Refusal(.disabled) }
    guard user.keyVersion == keyVersion else { throw Refusal(.staleKeyVersion) }
    return user
  }

  /// What a wrong proof costs, for a name that has none to compare with: other connections must not
  /// notice which names exist either.
  private func spendAsMuch(
    on claim: borrowing ProofClaim, of name: PrincipalName, keyVersion: UInt32
  ) {
    guard let digest = keys.openDigestOfNobody() else { return }
    guard
      let shared = try? SharedKey(
        digest: digest.bytes, name: name, keyVersion: keyVersion, realm: keys.realm)
    else { return }
    for _ in 0..<2 { _ = claim.isValid(under: shared) }
  }

  /// The key that a user shares with the KDC now.
  func sharedKey(of user: UserRecord) throws(Refusal) -> SharedKey {
    do {
      let digest = try keys.openDigest(of: user)
      return try SharedKey(
        digest: digest.bytes, name: user.name, keyVersion: user.keyVersion, realm: keys.realm)
    } catch {
      throw Refusal(.internalFailure)
    }
  }
}
