internal import Cryptography
internal import SecretMemory
internal import Wire

extension KeyDistributionCenter {
  /// Step R2: verifies that the sender knows the key that it registers, and holds the identity key.
  func verify(
    _ request: consuming RegistrationRequest, _ claim: borrowing ProofClaim,
    in context: consuming SealedContext, at now: Timestamp, random: inout some RandomSource
  ) -> CenterStep {
    let name = request.name
    if let wait = brakes.waitForRegistration(from: context.source, at: now) {
      return .answer(
        slowDown(wait, .tooManyRegistrations, name: name, in: context, at: now, &random))
    }
    guard isWelcome(request) else {
      return .answer(notInvited(name, in: context, at: now, &random))
    }
    let shared: SharedKey
    do {
      shared = try SharedKey(
        digest: request.digest.bytes, name: name, keyVersion: request.keyVersion, realm: keys.realm)
    } catch {
      return .answer(.failure(.busy, .internalFailure, name: name, source: context.source))
    }
    guard claim.isValid(under: shared) else {
      return .answer(refuse(.wrongProof, name: name, in: context, at: now, &random))
    }
    let statement = keys.realm.identityProofContent(name: name, identity: request.identity)
    guard request.identity.isValidSignature(request.identityProof.bytes, for: statement.bytes)
    else {
      return .answer(refuse(.badIdentityProof, name: name, in: context, at: now, &random))
    }
    // Not remembered as a login is: a second time the name is taken, and after a removal the key
    // version number is another one.
    return .lookUp(
      RecordQuery(users: [name], acceptsCopies: false),
      PendingRequest(
        .registration(
          PendingRegistration(context: context, request: request, shared: shared))))
  }

  /// Step R3: a free name may be had; an existing one is not touched.
  func decide(
    _ registration: consuming PendingRegistration, records: Records, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    let name = registration.request.name
    // First what S2 tells of this name, so that a request made to fail learns nothing of it.
    let present = records.users[name]
    let told = saltReply(for: name, user: present)
    guard registration.request.keyVersion == told.keyVersion,
      registration.request.salt == told.salt
    else {
      return .answer(
        refuse(.staleKeyVersion, name: name, in: registration.context, at: now, &random))
    }
    let invitation = invitationHash(registration.request)
    if let invitation {
      // Whether the name is taken is for those alone whose invitation holds.
      guard registrationPolicy != .closed || present?.state == .reset else {
        return .answer(notInvited(name, in: registration.context, at: now, &random))
      }
      let record = record(of: registration.request, from: registration.context.source, &random)
      return .change(
        .registerInvited(record, by: invitation), PendingChange(.registration(registration)))
    }
    if let present, present.state != .removed {
      return .answer(nameTaken(registration, at: now, &random))
    }
    let record = record(of: registration.request, from: registration.context.source, &random)
    return .change(.register(record), PendingChange(.registration(registration)))
  }

  private func isWelcome(_ request: borrowing RegistrationRequest) -> Bool {
    registrationPolicy == .open || invitationHash(request) != nil
  }

  private func invitationHash(_ request: borrowing RegistrationRequest) -> [UInt8]? {
    switch request.invitation {
    case .some(let invitation): return invitation.hash
    case .none: return nil
    }
  }

  private func notInvited(
    _ name: PrincipalName, in context: borrowing SealedContext, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      context.openReply(.notInvited, at: now, &random), notBefore: policy.refusalDelay,
      event: CenterEvent(.refused(.notInvited), name: name, source: context.source))
  }

  private func record(
    of request: borrowing RegistrationRequest, from source: NetworkAddress,
    _ random: inout some RandomSource
  ) -> UserRecord {
    var address = source
    address.port = request.port
    return UserRecord(
      name: request.name, address: address, keyVersion: request.keyVersion,
      parameters: request.parameters, salt: request.salt,
      sealedDigest: keys.sealDigest(
        request.digest, name: request.name, keyVersion: request.keyVersion, random: &random),
      identity: request.identity,
      certificate: keys.certificate(for: request.name, identity: request.identity),
      state: .active)
  }

  private func nameTaken(
    _ registration: borrowing PendingRegistration, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      registration.context.openReply(.nameTaken, at: now, &random),
      notBefore: policy.refusalDelay,
      event: CenterEvent(
        .refused(.nameTaken), name: registration.request.name,
        source: registration.context.source))
  }

  /// Step R4: the user is on disk, and hears of it.
  func finish(
    _ registration: consuming PendingRegistration, outcome: ChangeOutcome, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    let name = registration.request.name
    switch outcome {
    case .conflict: return nameTaken(registration, at: now, &random)
    case .notInvited: return notInvited(name, in: registration.context, at: now, &random)
    case .failed: return unavailable(in: registration.context, name: name, at: now, &random)
    case .done:
      let keyVersion = registration.request.keyVersion
      return CenterAnswer(
        registration.context.provenReply(
          .registered, shared: registration.shared, at: now, &random
        ) { message in
          message.name(name)
          message.uint32(keyVersion)
        },
        event: CenterEvent(.registered, name: name, source: registration.context.source))
    }
  }
}
