public import Cryptography
public import SecretMemory
public import Wire

extension VerifiedEpoch {
  /// Step S1: asks how to make the digest of a name.
  public func askForSalt(of name: PrincipalName) throws(ExchangeFailure) -> Outgoing<ExpectSalt> {
    var body = ByteWriter()
    SaltRequest(name: name).write(to: &body)
    let sealed = try seal(body)
    return Outgoing(sealed.message, next: ExpectSalt(opener: sealed.next))
  }

  /// Step R1: registers a free name.
  ///
  /// - Parameters:
  ///   - salt: what the KDC told for this name.
  ///   - digest: 32 bytes, made with that salt.
  ///   - identity: the user's identity key; its public half is certified.
  ///   - port: where the user will listen when it says nothing else.
  ///   - invitation: what the operator has handed to the user, if anything.
  public func register(
    _ name: PrincipalName, salt: SaltReply, digest: borrowing SecretBytes,
    identity: borrowing SigningKey, port: UInt16, invitation: consuming Invitation? = nil
  ) throws(ExchangeFailure) -> Outgoing<ExpectRegistration> {
    let statement = realm.identityProofContent(name: name, identity: identity.publicKey)
    let request = RegistrationRequest(
      name: name, keyVersion: salt.keyVersion, parameters: salt.parameters, salt: salt.salt,
      digest: digest.duplicate(), identity: identity.publicKey,
      identityProof: identity.sign(statement.bytes), port: port, invitation: invitation)
    var body = ByteWriter(capacity: 512)
    request.write(to: &body)
    let shared = try sharedKey(digest, name: name, keyVersion: salt.keyVersion)
    let sealed = try seal(body) { content in shared.proof(of: content.bytes) }
    return Outgoing(
      sealed.message,
      next: ExpectRegistration(
        opener: sealed.next,
        shared: shared, name: name,
        keyVersion: salt.keyVersion))
  }

  /// Step L1: logs in with a fresh per-login key.
  ///
  /// - Parameters:
  ///   - lifetime: how long the login should last; the KDC has a ceiling.
  ///   - keyLifetime: how long the login key is good for, 32 days at most; nil: an hour longer than
  ///     the login. Whoever takes deposits keeps the key, and gives it the time that they may wait.
  ///   - now: KDC time.
  public func logIn(
    _ name: PrincipalName, keyVersion: UInt32, digest: borrowing SecretBytes,
    identity: borrowing SigningKey, loginKey: consuming AgreementKey, lifetime: Interval,
    keyLifetime: Interval? = nil, at now: Timestamp
  ) throws(ExchangeFailure) -> Outgoing<ExpectLogin> {
    let signed = SignedLoginKey(
      key: loginKey.publicKey, issued: now, expires: now + (keyLifetime ?? lifetime + .hours(1)),
      keyVersion: keyVersion, owner: name, realm: realm, identity: identity)
    let request = LoginRequest(
      name: name, identity: identity.publicKey, loginKey: signed,
      lifetimeSeconds: UInt32(clamping: lifetime.milliseconds / 1000))
    var body = ByteWriter(capacity: 512)
    request.write(to: &body)
    let shared = try sharedKey(digest, name: name, keyVersion: keyVersion)
    let sealed = try seal(body) { content in shared.proof(of: content.bytes) }
    return Outgoing(
      sealed.message,
      next: ExpectLogin(
        opener: sealed.next,
        shared: shared, realm: realm,
        name: name, identity: identity.publicKey, loginKey: loginKey, signed: signed))
  }

  /// Step C1: puts another secret in the place of the present one.
  ///
  /// - Parameters:
  ///   - salt: what the KDC told for this name; the new digest is made with it, too.
  ///   - old: the present digest (32 bytes).
  ///   - new: the digest of the new secret (32 bytes).
  ///   - now: KDC time. The KDC takes no request that is older than a minute.
  public func changeSecret(
    of name: PrincipalName, salt: SaltReply, from old: borrowing SecretBytes,
    to new: borrowing SecretBytes, identity: borrowing SigningKey, at now: Timestamp
  ) throws(ExchangeFailure) -> Outgoing<ExpectChange> {
    let unsigned = SecretChangeRequest(
      name: name, keyVersion: salt.keyVersion, time: now, parameters: salt.parameters,
      salt: salt.salt, digest: new.duplicate(), identityProof: [])
    let statement = unsigned.signedContent(in: realm)
    let request = SecretChangeRequest(
      name: name, keyVersion: salt.keyVersion, time: now, parameters: salt.parameters,
      salt: salt.salt, digest: new.duplicate(), identityProof: identity.sign(statement.bytes))
    var body = ByteWriter(capacity: 512)
    request.write(to: &body)
    let shared = try sharedKey(old, name: name, keyVersion: salt.keyVersion)
    let sealed = try seal(body) { content in shared.proof(of: content.bytes) }
    return Outgoing(
      sealed.message,
      next: ExpectChange(
        opener: sealed.next, shared: shared, name: name, keyVersion: salt.keyVersion))
  }

  private func sharedKey(
    _ digest: borrowing SecretBytes, name: PrincipalName, keyVersion: UInt32
  ) throws(ExchangeFailure) -> SharedKey {
    do {
      return try SharedKey(digest: digest.bytes, name: name, keyVersion: keyVersion, realm: realm)
    } catch {
      throw .unavailable
    }
  }
}

/// An answer of the KDC with the time it was given at, by which the client sets its KDC clock.
public struct Timed<Value: Sendable>: Sendable {
  /// What was asked for.
  public let value: Value
  /// The KDC's clock as it answered.
  public let time: Timestamp
}

/// Awaits S2.
public struct ExpectSalt: ~Copyable {
  let opener: SealedReplyOpener

  /// Step S2.
  public consuming func receive(
    _ message: RawSpan
  ) throws(ExchangeFailure) -> Timed<SaltReply> {
    let content = try opener.open(message)
    let salt = try content.read(.salt) { (reader) throws(WireError) in
      try SaltReply(from: &reader)
    }
    return Timed(value: salt, time: content.time)
  }
}

/// Awaits R4.
public struct ExpectRegistration: ~Copyable {
  let opener: SealedReplyOpener
  let shared: SharedKey
  let name: PrincipalName
  let keyVersion: UInt32

  /// - Returns: KDC time at which the name became the user's.
  /// - Throws: `nameTaken`, `notInvited`, `refused`, `unavailable`, or that the reply is not
  ///   authentic.
  public consuming func receive(_ message: RawSpan) throws(ExchangeFailure) -> Timestamp {
    let name = name
    let keyVersion = keyVersion
    let content = try opener.open(message, shared: shared)
    let isOurs = try content.read(.registered) { (reader) throws(WireError) in
      let isNamed = try reader.name() == name
      let isVersioned = try reader.uint32() == keyVersion
      return isNamed && isVersioned
    }
    guard isOurs else { throw .unexpectedReply }
    return content.time
  }
}

/// Awaits C3.
public struct ExpectChange: ~Copyable {
  let opener: SealedReplyOpener
  let shared: SharedKey
  let name: PrincipalName
  /// Of the secret that is replaced.
  let keyVersion: UInt32

  /// - Returns: KDC time at which the new secret was in force.
  /// - Throws: `refused`, `unavailable`, or that the reply is not authentic. `refused` does not say
  ///   that nothing has changed: a copy of the request may have been served before.
  public consuming func receive(_ message: RawSpan) throws(ExchangeFailure) -> Timestamp {
    let name = name
    let keyVersion = keyVersion
    let content = try opener.open(message, shared: shared)
    let isOurs = try content.read(.changed) { (reader) throws(WireError) in
      let isNamed = try reader.name() == name
      let isNext = try reader.uint32() == keyVersion &+ 1
      return isNamed && isNext
    }
    guard isOurs else { throw .unexpectedReply }
    return content.time
  }
}

/// Awaits L3.
public struct ExpectLogin: ~Copyable {
  let opener: SealedReplyOpener
  let shared: SharedKey
  let realm: Realm
  let name: PrincipalName
  let identity: VerifyingKey
  let loginKey: AgreementKey
  let signed: SignedLoginKey

  /// - Throws: `refused`, `identityKeyDiffers`, `unavailable`, or that the reply is not authentic.
  public consuming func receive(_ message: RawSpan) throws(ExchangeFailure) -> Credential {
    let content = try opener.open(message, shared: shared)
    let identityKeyDiffers = content.kind == .identityKeyDiffers
    if identityKeyDiffers { throw .identityKeyDiffers }
    let grant = try content.read(.granted) { (reader) throws(WireError) in
      try LoginGrant(from: &reader)
    }
    guard grant.name == name, grant.keyVersion == signed.keyVersion else {
      throw .unexpectedReply
    }
    let statement = realm.certificateContent(name: name, identity: identity)
    guard realm.identity.isValidSignature(grant.certificate.bytes, for: statement.bytes) else {
      throw .notAuthentic
    }
    return Credential(
      realm: realm, name: name, identity: identity, loginKey: loginKey, signed: signed,
      grant: grant, grantedAt: content.time)
  }
}
