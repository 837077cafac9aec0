internal import Cryptography
internal import SecretMemory
internal import Wire

extension KeyDistributionCenter {
  /// The shortest login that is granted.
  private static let shortestLogin = Interval.minutes(1)

  /// Step L2: verifies the proof. Every way to fail before it ends in the one refusal.
  func decide(
    _ login: consuming PendingLogin, records: Records, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    let name = login.request.name
    let admission: Brakes.Admission
    switch brakes.admit(
      name, from: login.context.source, at: now,
      isSigned: { [request = login.request] in
        isSignedNow(request, by: records.users[name], at: now)
      })
    {
    case .admitted(let admitted): admission = admitted
    case .wait(let wait):
      return .answer(
        slowDown(wait, .tooManyProofs, name: name, in: login.context, at: now, &random))
    }
    let verified: VerifiedUser
    do {
      verified = try verify(
        login.claim, of: name, keyVersion: login.request.loginKey.keyVersion,
        user: records.users[name])
    } catch {
      return .answer(refuse(error.reason, name: name, in: login.context, at: now, &random))
    }
    let user = verified.user
    switch login.context.epoch.serve(encapsulatedKey: login.context.encapsulatedKey, at: now) {
    case .fresh: break
    case .replayed:
      return .answer(refuse(.replayed, name: name, in: login.context, at: now, &random))
    case .full:
      return .answer(.failure(.busy, .overloaded, name: name, source: login.context.source))
    }
    brakes.succeed(admission, name, from: login.context.source, at: now)
    guard let registered = user.identity else { return enrol(login, user: user, at: now, &random) }
    guard registered == login.request.identity else {
      return .answer(identityKeyDiffers(login, registered, verified.shared.key, at: now, &random))
    }
    return .answer(grant(login, user: user, shared: verified.shared.key, at: now, &random))
  }

  /// Whether the owner's identity key has signed this request's login key, and just now: peers see
  /// the signature as well.
  private func isSignedNow(_ request: LoginRequest, by user: UserRecord?, at now: Timestamp) -> Bool
  {
    guard let user, let identity = user.identity, isTimely(request.loginKey.issued, at: now) else {
      return false
    }
    return request.loginKey.isSigned(by: identity, owner: user.name, realm: keys.realm)
  }

  /// The first login of a user whom the operator made brings the identity key.
  private func enrol(
    _ login: consuming PendingLogin, user: UserRecord, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    let identity = login.request.identity
    guard login.request.loginKey.isSigned(by: identity, owner: user.name, realm: keys.realm) else {
      return .answer(
        refuse(.badIdentityProof, name: user.name, in: login.context, at: now, &random))
    }
    var enrolled = user
    enrolled.identity = identity
    enrolled.certificate = keys.certificate(for: user.name, identity: identity)
    return .change(
      .update(enrolled, replacing: user.keyVersion), PendingChange(.enrolment(login, enrolled)))
  }

  func finish(
    _ login: consuming PendingLogin, user: UserRecord, outcome: ChangeOutcome, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    guard outcome == .done, let shared = try? sharedKey(of: user)
    else { return unavailable(in: login.context, name: user.name, at: now, &random) }
    return grant(login, user: user, shared: shared, at: now, &random)
  }

  private func identityKeyDiffers(
    _ login: borrowing PendingLogin, _ registered: VerifyingKey, _ shared: borrowing SharedKey,
    at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      login.context.provenReply(.identityKeyDiffers, shared: shared, at: now, &random) {
        $0.bytes(registered.encoding)
      },
      event: CenterEvent(
        .refused(.identityKeyDiffers), name: login.request.name, source: login.context.source))
  }

  /// Step L3: a ticket key and a ticket-granting ticket of this login's own.
  private func grant(
    _ login: borrowing PendingLogin, user: UserRecord, shared: borrowing SharedKey,
    at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    let lifetime = max(
      Self.shortestLogin,
      min(policy.longestLogin, .seconds(UInt64(login.request.lifetimeSeconds))))
    let loginTime = nextLoginTime(at: now)
    let requestKey = random.secret(32)
    let ticketKey = random.secret(32)
    let ticket = TicketGrantingTicket(
      name: user.name, keyVersion: user.keyVersion, requestKey: requestKey.duplicate(),
      ticketKey: ticketKey.duplicate(), loginKey: login.request.loginKey.key,
      loginTime: loginTime, loginEnd: now + lifetime)
    let grant = LoginGrant(
      name: user.name, keyVersion: user.keyVersion, certificate: keys.certificate(of: user),
      requestKey: requestKey, ticketKey: ticketKey, end: ticket.loginEnd,
      observed: login.context.source,
      ticket: ticket.sealed(
        under: currentTicketGrantingKey(at: now), random: &random))
    let message = login.context.provenReply(.granted, shared: shared, at: now, &random) {
      grant.write(to: &$0)
    }
    return CenterAnswer(
      message, event: CenterEvent(.loggedIn, name: user.name, source: login.context.source))
  }
}
