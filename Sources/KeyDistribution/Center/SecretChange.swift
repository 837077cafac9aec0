internal import Cryptography
internal import SecretMemory
internal import Wire

/// A change of secret whose proof waits for the user's record.
struct PendingSecretChange: ~Copyable, Sendable {
  let context: SealedContext
  let request: SecretChangeRequest
  let claim: ProofClaim
}

/// A change of secret that has been verified, and waits for the disk.
struct VerifiedSecretChange: ~Copyable, Sendable {
  let context: SealedContext
  /// That of the old secret: the answer is for who asked.
  let shared: UserKey
  /// With the new secret.
  let user: UserRecord
}

extension KeyDistributionCenter {
  /// Step C2: the old secret and the identity key are needed, both. Every way to fail ends in the
  /// one refusal.
  func decide(
    _ change: consuming PendingSecretChange, records: Records, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    let name = change.request.name
    let admission: Brakes.Admission
    switch admit(change, by: records.users[name], at: now) {
    case .admitted(let admitted): admission = admitted
    case .wait(let wait):
      return .answer(
        slowDown(wait, .tooManyProofs, name: name, in: change.context, at: now, &random))
    }
    let verified: VerifiedUser
    do throws(Refusal) {
      verified = try verify(
        change.claim, of: name, keyVersion: change.request.keyVersion, user: records.users[name])
    } catch {
      return .answer(refuse(error.reason, name: name, in: change.context, at: now, &random))
    }
    // One that was held back must not take force when its sender has found the old secret good.
    guard isTimely(change.request.time, at: now) else {
      return .answer(refuse(.clockSkew, name: name, in: change.context, at: now, &random))
    }
    switch change.context.epoch.serve(encapsulatedKey: change.context.encapsulatedKey, at: now) {
    case .fresh: break
    case .replayed:
      return .answer(refuse(.replayed, name: name, in: change.context, at: now, &random))
    case .full:
      return .answer(.failure(.busy, .overloaded, name: name, source: change.context.source))
    }
    brakes.succeed(admission, name, from: change.context.source, at: now)
    do throws(Refusal) {
      let changed = try changed(verified.user, by: change.request, &random)
      return .change(
        .update(changed, replacing: verified.user.keyVersion),
        PendingChange(
          .secret(
            VerifiedSecretChange(
              context: change.context, shared: verified.shared, user: changed))))
    } catch {
      return .answer(refuse(error.reason, name: name, in: change.context, at: now, &random))
    }
  }

  private func admit(
    _ change: borrowing PendingSecretChange, by user: UserRecord?, at now: Timestamp
  ) -> Brakes.Verdict {
    let statement = change.request.signedContent(in: keys.realm)
    let (signature, time) = (change.request.identityProof, change.request.time)
    return brakes.admit(change.request.name, from: change.context.source, at: now) {
      guard let identity = user?.identity, isTimely(time, at: now) else { return false }
      return identity.isValidSignature(signature.bytes, for: statement.bytes)
    }
  }

  /// The record with the new secret, once the owner of the identity key has been seen to want it.
  private func changed(
    _ user: UserRecord, by request: borrowing SecretChangeRequest, _ random: inout some RandomSource
  ) throws(Refusal) -> UserRecord {
    guard let identity = user.identity else { throw Refusal(.identityKeyMissing) }
    let statement = request.signedContent(in: keys.realm)
    guard identity.isValidSignature(request.identityProof.bytes, for: statement.bytes) else {
      throw Refusal(.badIdentityProof)
    }
    guard request.salt == user.salt else { throw Refusal(.staleSalt) }
    let (keyVersion, isUsedUp) = user.keyVersion.addingReportingOverflow(1)
    guard !isUsedUp else { throw Refusal(.keyVersionsUsedUp) }
    var changed = user
    changed.keyVersion = keyVersion
    changed.parameters = request.parameters
    changed.sealedDigest = keys.sealDigest(
      request.digest, name: user.name, keyVersion: keyVersion, random: &random)
    return changed
  }

  /// Step C3: the new secret is on disk, and the old one is dead.
  func finish(
    _ change: consuming VerifiedSecretChange, outcome: ChangeOutcome, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    let user = change.user
    switch outcome {
    case .conflict:
      return refuse(.changedMeanwhile, name: user.name, in: change.context, at: now, &random)
    case .failed, .notInvited:
      return unavailable(in: change.context, name: user.name, at: now, &random)
    case .done:
      return CenterAnswer(
        change.context.provenReply(.changed, shared: change.shared.key, at: now, &random) {
          $0.name(user.name)
          $0.uint32(user.keyVersion)
        },
        event: CenterEvent(
          .secretChanged(keyVersion: user.keyVersion), name: user.name,
          source: change.context.source))
    }
  }
}
