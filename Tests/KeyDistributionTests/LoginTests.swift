import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("L1-L3: login")
struct LoginTests {
  @Test(
    "L3: the login lasts as long as asked for, within what the KDC allows",
    arguments: [
      (Interval.hours(1), Interval.hours(1)), (.hours(10), .hours(10)), (.hours(11), .hours(10)),
      (.milliseconds(0), .minutes(1)), (.days(10_000_000), .hours(10)),
    ])
  func lifetime(asked: Interval, granted: Interval) throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let credential = try kdc.logIn(user, lifetime: asked)
    #expect(credential.end == kdc.now + granted)
    #expect(credential.grantedAt == kdc.now)
  }

  /// Version, type, flag, response nonce; kind, time; tag.
  private static let refusalByteCount = 2 + 1 + 32 + 1 + 8 + 16

  /// How a login ends that is refused: what an observer sees of it, and what the log says.
  private struct Refused: Equatable {
    let reason: CenterEvent.Reason?
    let byteCount: Int?
    let notBefore: Interval?
    let failure: ExchangeFailure?
  }

  private func refused(
    _ kdc: TestKDC, _ user: TestUser, keyVersion: UInt32? = nil
  ) throws -> Refused {
    let asked = try kdc.loginRequest(user, keyVersion: keyVersion)
    let answer = kdc.handle(asked.message)
    return Refused(
      reason: kdc.lastRefusal, byteCount: answer.message?.count, notBefore: answer.notBefore,
      failure: asked.next.failure(on: answer.message ?? []))
  }

  @Test("HOSTILE B 9: unknown, removed, disabled, wrong and stale look the same")
  func oneRefusal() throws {
    let kdc = try TestKDC()
    for name in ["known", "disabled", "removed"] { try kdc.register(TestUser(name)) }
    kdc.directory.edit(try principal("disabled")) { $0.state = .disabled }
    kdc.directory.edit(try principal("removed")) { $0.state = .removed }
    let known = try TestUser("known")
    let version = try kdc.salt(of: known.name).keyVersion
    let refusals = [
      (CenterEvent.Reason.unknownName, try refused(kdc, TestUser("unknown"))),
      (.unknownName, try refused(kdc, TestUser("removed"))),
      (.disabled, try refused(kdc, TestUser("disabled"))),
      (.wrongProof, try refused(kdc, known.with(digestOf: TestUser("mallory")))),
      (.wrongProof, try refused(kdc, TestUser("known", variant: "mallory"))),
      (.staleKeyVersion, try refused(kdc, known, keyVersion: version - 1)),
      (.staleKeyVersion, try refused(kdc, known, keyVersion: version + 1)),
    ]
    for (reason, refusal) in refusals {
      let expected = Refused(
        reason: reason, byteCount: Self.refusalByteCount,
        notBefore: CenterPolicy().refusalDelay, failure: .refused)
      #expect(refusal == expected)
    }
    _ = try kdc.logIn(known)
  }

  @Test("HOSTILE C 13: a replayed login is refused like a wrong one, and its answer is no use")
  func replay() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let asked = try kdc.loginRequest(user)
    let granted = try kdc.reply(to: asked.message)
    let replayed = kdc.handle(asked.message)
    #expect(kdc.lastRefusal == .replayed)
    #expect(replayed.notBefore == CenterPolicy().refusalDelay)
    #expect(replayed.message?.count == Self.refusalByteCount)
    _ = try asked.next.receive(granted)
  }

  @Test("HOSTILE G 24: an unproven request does not burn the replay cache")
  func unprovenIsNotRemembered() throws {
    var policy = CenterPolicy()
    policy.servedRequestsPerEpoch = 2
    let kdc = try TestKDC(policy: policy)
    let user = try TestUser("alice")
    try kdc.register(user)
    let asked = try kdc.loginRequest(user)
    kdc.directory.edit(user.name) { $0.state = .disabled }
    for _ in 0..<5 { _ = kdc.handle(asked.message) }
    #expect(kdc.lastRefusal == .disabled)
    kdc.directory.edit(user.name) { $0.state = .active }
    _ = try asked.next.receive(kdc.reply(to: asked.message))
  }

  @Test("HOSTILE G 24: a full replay cache refuses what it could not tell from a replay")
  func overloaded() throws {
    var policy = CenterPolicy()
    policy.servedRequestsPerEpoch = 2
    let kdc = try TestKDC(policy: policy)
    let user = try TestUser("alice")
    try kdc.register(user)
    let asked = try kdc.loginRequest(user)
    _ = try kdc.logIn(user)
    _ = try kdc.logIn(user)
    let answer = try kdc.reply(to: asked.message)
    #expect(asked.next.failure(on: answer) == .failed(.busy))
    #expect(kdc.lastRefusal == .overloaded)
    // Nobody waits for long: the next epoch begins at once, and never are many alive.
    for _ in 0..<policy.epochsKept * policy.servedRequestsPerEpoch * 2 { _ = try kdc.logIn(user) }
  }

  @Test("HOSTILE G 24: registrations do not use an epoch up")
  func registrationsAreNotRemembered() throws {
    var policy = CenterPolicy()
    policy.servedRequestsPerEpoch = 1
    let kdc = try TestKDC(policy: policy)
    let user = try TestUser("alice")
    let asked = try kdc.loginRequest(user)
    try kdc.register(user)
    for number in 0..<5 { try kdc.register(TestUser("user\(number)")) }
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == nil)
  }

  @Test("L2: the digest of one name is no use for another")
  func otherName() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    try kdc.register(TestUser("bob"))
    let posing = try alice.renamed("bob")
    #expect(try refused(kdc, posing).reason == .wrongProof)
  }

  @Test("L2: two users with one digest still have two shared keys")
  func sharedDigest() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    let bob = try alice.renamed("bob")
    let digest = alice.digest
    let first = try SharedKey(
      digest: digest.bytes, name: alice.name, keyVersion: 1, realm: kdc.realm)
    let second = try SharedKey(
      digest: digest.bytes, name: bob.name, keyVersion: 1, realm: kdc.realm)
    let newer = try SharedKey(
      digest: digest.bytes, name: alice.name, keyVersion: 2, realm: kdc.realm)
    let foreign = try SharedKey(
      digest: digest.bytes, name: alice.name, keyVersion: 1,
      realm: TestKDC(seed: "another").realm)
    let content = text("content")
    let proofs = [
      first.proof(of: content.bytes), second.proof(of: content.bytes),
      newer.proof(of: content.bytes), foreign.proof(of: content.bytes),
    ]
    #expect(Set(proofs).count == proofs.count)
  }

  @Test("L3: the answer to one login opens for no other, and not without the shared key")
  func splice() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let first = try kdc.loginRequest(user)
    let second = try kdc.loginRequest(user)
    let answer = try kdc.reply(to: second.message)
    #expect(first.next.failure(on: answer) == .notAuthentic)

    // Whoever holds what HPKE exported, but not the shared key: a broken KEM is not enough.
    let opener = second.next.opener.duplicate()
    let digest = try TestUser("mallory").digest
    let wrong = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: kdc.salt(of: user.name).keyVersion,
      realm: kdc.realm)
    #expect(exchangeFailure { _ = try opener.kind(of: answer) } == .unexpectedReply)
    #expect(exchangeFailure { _ = try opener.kind(of: answer, shared: wrong) } == .notAuthentic)
    var asOpen = answer
    asOpen[2] = 0
    #expect(exchangeFailure { _ = try opener.kind(of: asOpen) } == .notAuthentic)
    _ = try second.next.receive(answer)
  }

  @Test("L2: a user made by the operator enrols its identity key with the first login")
  func enrolment() throws {
    let kdc = try TestKDC()
    let user = try TestUser("printer")
    try kdc.makeWithoutIdentity(user)
    let credential = try kdc.logIn(user)
    #expect(credential.identity == user.identity.publicKey)
    let record = try #require(kdc.directory.users[user.name])
    #expect(record.identity == user.identity.publicKey)
    #expect(record.certificate.count == 64)

    // From then on that key and no other.
    let other = try TestUser("printer", variant: "other identity").with(digestOf: user)
    let asked = try kdc.loginRequest(other)
    let answer = try kdc.reply(to: asked.message)
    #expect(asked.next.failure(on: answer) == .identityKeyDiffers)
    #expect(kdc.directory.users[user.name] == record)
  }

  @Test("L2: enrolment needs a login key that the identity key has signed")
  func enrolmentUnsigned() throws {
    let kdc = try TestKDC()
    let user = try TestUser("printer")
    let other = try TestUser("mallory")
    try kdc.makeWithoutIdentity(user)
    let version = try kdc.salt(of: user.name).keyVersion
    let signed = SignedLoginKey(
      key: kdc.random.agreementKey().publicKey, issued: kdc.now, expires: kdc.now + .hours(1),
      keyVersion: version, owner: user.name, realm: kdc.realm, identity: user.identity)
    // Mallory's identity with printer's signature.
    let login = LoginRequest(
      name: user.name, identity: other.identity.publicKey, loginKey: signed, lifetimeSeconds: 60)
    var body = ByteWriter()
    login.write(to: &body)
    let digest = user.digest
    let shared = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: version, realm: kdc.realm)
    let forged = try kdc.epoch().seal(body) { content in shared.proof(of: content.bytes) }
    _ = kdc.handle(forged.message)
    #expect(kdc.lastRefusal == .badIdentityProof)
    #expect(kdc.directory.users[user.name]?.identity == nil)
  }

  @Test("L2: an enrolment that is not on disk is an honest try again")
  func enrolmentNotStored() throws {
    let kdc = try TestKDC()
    let user = try TestUser("printer")
    try kdc.makeWithoutIdentity(user)
    for outcome in [ChangeOutcome.failed, .conflict] {
      kdc.directory.forcedOutcome = outcome
      let asked = try kdc.loginRequest(user)
      #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .unavailable)
    }
    kdc.directory.forcedOutcome = nil
    _ = try kdc.logIn(user)
  }

  @Test("L2: another identity key than the registered one is told to the owner alone")
  func identityKeyDiffers() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let elsewhere = try TestUser("alice", variant: "another device").with(digestOf: user)
    let asked = try kdc.loginRequest(elsewhere)
    let answer = kdc.handle(asked.message)
    #expect(kdc.lastRefusal == .identityKeyDiffers)
    // Under the shared key: the flag says so.
    #expect(answer.message?[2] == 1)
    #expect(asked.next.failure(on: try #require(answer.message)) == .identityKeyDiffers)
    // Without the digest, the one refusal.
    #expect(
      try refused(kdc, TestUser("alice", variant: "another device")).reason == .wrongProof)
  }

  @Test("HOSTILE D 17: a digest moved to another user's line opens for nobody")
  func movedDigest() throws {
    let kdc = try TestKDC()
    let alice = try TestUser("alice")
    try kdc.register(alice)
    try kdc.register(TestUser("bob"))
    let sealed = try #require(kdc.directory.users[alice.name]?.sealedDigest)
    kdc.directory.edit(try principal("bob")) { $0.sealedDigest = sealed }
    #expect(try refused(kdc, alice.renamed("bob")).reason == .internalFailure)
    #expect(try refused(kdc, TestUser("bob")).failure == .refused)
  }

  @Test("The records cannot be had: every request ends in an honest try again")
  func giveUp() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let credential = try kdc.logIn(user)
    let salt = try kdc.epoch().askForSalt(of: user.name)
    #expect(salt.next.failure(on: try kdc.giveUp(on: salt.message)) == .unavailable)
    let login = try kdc.loginRequest(user)
    #expect(login.next.failure(on: try kdc.giveUp(on: login.message)) == .unavailable)
    let announcement = credential.announce(
      port: 1, addresses: [], at: kdc.now, random: &kdc.random)
    #expect(
      announcement.next.failure(on: try kdc.giveUp(on: announcement.message)) == .unavailable)
  }
}
