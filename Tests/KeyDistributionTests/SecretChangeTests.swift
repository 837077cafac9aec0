import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("C1-C3: a change of secret")
struct SecretChangeTests {
  private let kdc: TestKDC
  private let user: TestUser
  private let new: TestUser

  init() throws {
    kdc = try TestKDC()
    user = try TestUser("alice")
    new = try user.with(digestOf: TestUser("alice", variant: "another secret"))
    try kdc.register(user)
  }

  private func record() throws -> UserRecord { try #require(kdc.directory.users[user.name]) }

  /// Version, type, flag, response nonce; kind, time; tag.
  private static let refusalByteCount = 2 + 1 + 32 + 1 + 8 + 16

  /// Why the KDC refuses; that it does so as it refuses everything, and changes nothing.
  private func refusal(_ message: [UInt8]) throws -> CenterEvent.Reason? {
    let before = kdc.directory.users
    let answer = kdc.handle(message)
    #expect(answer.notBefore == CenterPolicy().refusalDelay)
    #expect(answer.message?.count == Self.refusalByteCount)
    #expect(kdc.directory.users == before)
    return kdc.lastRefusal
  }

  @Test("C3: the new secret is in force, the identity key stays, the event says the kvno")
  func change() throws {
    let before = try record()
    let asked = try kdc.changeRequest(user, to: new)
    let answer = kdc.handle(asked.message)
    #expect(answer.notBefore == nil)
    let changedAt = try asked.next.receive(try #require(answer.message))
    #expect(changedAt == kdc.now)
    #expect(kdc.events.last?.kind == .secretChanged(keyVersion: before.keyVersion + 1))
    #expect(kdc.events.last?.name == user.name)

    var expected = before
    expected.keyVersion = before.keyVersion + 1
    let after = try record()
    expected.sealedDigest = after.sealedDigest
    #expect(after == expected)
    #expect(after.sealedDigest != before.sealedDigest)
    #expect(try kdc.logIn(new).identity == user.identity.publicKey)
  }

  @Test("passphrase-change.old-key-accepted: the old secret never works again, at any kvno")
  func oldSecretIsDead() throws {
    let first = try kdc.salt(of: user.name).keyVersion
    try kdc.changeSecret(of: user, to: new)
    for keyVersion in first...first + 2 {
      let asked = try kdc.loginRequest(user, keyVersion: keyVersion)
      #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .refused)
      let change = try kdc.changeRequest(user, to: user, keyVersion: keyVersion)
      #expect(change.next.failure(on: try kdc.reply(to: change.message)) == .refused)
    }
    _ = try kdc.logIn(new)
  }

  @Test("The shared key is bound to the kvno: a recorded request is dead though the digest is back")
  func backToTheFirst() throws {
    let old = try kdc.loginRequest(user)
    try kdc.changeSecret(of: user, to: new)
    let first = try kdc.changeSecret(of: new, to: user)
    #expect(try refusal(old.message) == .staleKeyVersion)
    _ = try kdc.logIn(first)
  }

  @Test("passphrase-change.old-tgt-accepted: what was granted under the old kvno grants no more")
  func oldTicketGrantingTicket() throws {
    let old = try kdc.logIn(user)
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    let renewed = try kdc.grant(old, for: bob.name, ephemeral: kdc.random.agreementKey().publicKey)
    try kdc.changeSecret(of: user, to: new)

    let key = kdc.random.agreementKey().publicKey
    let ticket = old.askForTicket(
      for: bob.name, purpose: .session, ephemeral: key, at: kdc.now, random: &kdc.random)
    #expect(ticket.next.failure(on: try kdc.reply(to: ticket.message)) == .loginOver)
    let announcement = old.announce(
      port: 60_000, addresses: [], at: kdc.now, random: &kdc.random)
    #expect(announcement.next.failure(on: try kdc.reply(to: announcement.message)) == .loginOver)
    let withdrawal = old.withdraw(at: kdc.now, random: &kdc.random)
    #expect(withdrawal.next.failure(on: try kdc.reply(to: withdrawal.message)) == .loginOver)
    // The fresh ticket-granting ticket that came with a reply is of that login as well.
    var fresh = old
    fresh.renew(with: renewed.renewal)
    let again = fresh.withdraw(at: kdc.now, random: &kdc.random)
    #expect(again.next.failure(on: try kdc.reply(to: again.message)) == .loginOver)
  }

  @Test("passphrase-change.old-presence-kept: nobody is sent to a receiver of the old kvno")
  func oldPresence() throws {
    let old = try kdc.logIn(user)
    try kdc.announce(old)
    let bob = try kdc.member("bob")
    let key = kdc.random.agreementKey().publicKey
    _ = try kdc.grant(bob, for: user.name, ephemeral: key)
    try kdc.changeSecret(of: user, to: new)
    #expect(kdc.directory.presences[user.name]?.keyVersion == old.signed.keyVersion)
    let asked = bob.askForTicket(
      for: user.name, purpose: .session, ephemeral: key, at: kdc.now, random: &kdc.random)
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .peerNotPresent)

    let present = try kdc.logIn(new)
    try kdc.announce(present)
    let granted = try kdc.grant(bob, for: user.name, ephemeral: key)
    #expect(granted.value.peerClaim.loginKey.key == present.signed.key)
  }

  @Test("passphrase-change.registration-overwrites: an old registration does not bring it back")
  func oldRegistration() throws {
    let kdc = try TestKDC(seed: "another")
    let asked = try kdc.epoch().register(
      user.name, salt: kdc.salt(of: user.name), digest: user.digest, identity: user.identity,
      port: 60_000)
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    try kdc.changeSecret(of: user, to: new)
    let changed = kdc.directory.users
    _ = kdc.handle(asked.message)
    #expect(kdc.lastRefusal == .staleKeyVersion)
    // And one for the present number meets a taken name.
    let fresh = try kdc.epoch().register(
      user.name, salt: kdc.salt(of: user.name), digest: user.digest, identity: user.identity,
      port: 60_000)
    #expect(fresh.next.failure(on: try kdc.reply(to: fresh.message)) == .nameTaken)
    #expect(kdc.directory.users == changed)
  }

  @Test("passphrase-change.digest-in-clear: a request shows nothing of either secret")
  func sealed() throws {
    let asked = try kdc.changeRequest(user, to: new)
    for secret in [user, new] {
      let digest = [UInt8](secret.digest.bytes)
      let isShown = asked.message.indices.contains { asked.message[$0...].starts(with: digest) }
      #expect(!isShown)
    }
  }

  @Test("C2: who knows the passphrase alone cannot lock its owner out")
  func thiefOfThePassphrase() throws {
    let thief = try TestUser("alice", variant: "thief").with(digestOf: user)
    #expect(try refusal(kdc.changeRequest(thief, to: new).message) == .badIdentityProof)
    _ = try kdc.logIn(user)
  }

  @Test("C2: and who has the identity key alone changes nothing either")
  func thiefOfTheDevice() throws {
    let thief = try user.with(digestOf: TestUser("mallory"))
    #expect(try refusal(kdc.changeRequest(thief, to: new).message) == .wrongProof)
  }

  /// Changes a request between its signing and its proof.
  private func bent(_ bend: (inout SecretChangeRequest) -> Void) throws -> [UInt8] {
    let told = try kdc.salt(of: user.name)
    let unsigned = SecretChangeRequest(
      name: user.name, keyVersion: told.keyVersion, time: kdc.now, parameters: told.parameters,
      salt: told.salt, digest: new.digest, identityProof: [])
    let statement = unsigned.signedContent(in: kdc.realm)
    var request = SecretChangeRequest(
      name: user.name, keyVersion: told.keyVersion, time: kdc.now, parameters: told.parameters,
      salt: told.salt, digest: new.digest, identityProof: user.identity.sign(statement.bytes))
    bend(&request)
    var body = ByteWriter()
    request.write(to: &body)
    let digest = user.digest
    let shared = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: told.keyVersion, realm: kdc.realm)
    return try kdc.epoch().seal(body) { content in shared.proof(of: content.bytes) }.message
  }

  private func copy(
    _ request: borrowing SecretChangeRequest, time: Timestamp? = nil,
    parameters: Argon2Parameters? = nil, salt: [UInt8]? = nil, digest: TestUser? = nil,
    proof: [UInt8]? = nil
  ) -> SecretChangeRequest {
    SecretChangeRequest(
      name: request.name, keyVersion: request.keyVersion, time: time ?? request.time,
      parameters: parameters ?? request.parameters, salt: salt ?? request.salt,
      digest: digest?.digest ?? request.digest.duplicate(),
      identityProof: proof ?? request.identityProof)
  }

  @Test("C2: the identity key signs every field")
  func everyFieldIsSigned() throws {
    let other = try TestUser("mallory")
    let longer = Argon2Parameters(iterations: 4, memoryKiB: 65536, parallelism: 4)
    let now = kdc.now
    for message in [
      try bent { $0 = copy($0, time: now + .milliseconds(1)) },
      try bent { $0 = copy($0, parameters: longer) },
      try bent { $0 = copy($0, digest: other) },
      try bent { $0 = copy($0, salt: [UInt8](repeating: 7, count: 16)) },
      try bent { $0 = copy($0, proof: [UInt8](repeating: 0, count: 64)) },
    ] {
      #expect(try refusal(message) == .badIdentityProof)
    }
    _ = kdc.handle(try bent { _ in })
    #expect(kdc.lastRefusal == nil)
  }

  @Test("C2: the signature of a login key or a registration is none of a change")
  func otherSignatures() throws {
    let statement = kdc.realm.identityProofContent(
      name: user.name, identity: user.identity.publicKey)
    let proof = user.identity.sign(statement.bytes)
    #expect(try refusal(bent { $0 = copy($0, proof: proof) }) == .badIdentityProof)
  }

  @Test(
    "C2: a request that was held back is dead after a minute",
    arguments: [(0, true), (60_000, true), (60_001, false), (600_000, false)])
  func heldBack(milliseconds: Int, isTaken: Bool) throws {
    let asked = try kdc.changeRequest(user, to: new)
    kdc.advance(.milliseconds(UInt64(milliseconds)))
    if isTaken {
      _ = try asked.next.receive(kdc.reply(to: asked.message))
    } else {
      #expect(try refusal(asked.message) == .clockSkew)
      _ = try kdc.logIn(user)
    }
  }

  @Test("C2: and so is one from the future")
  func fromTheFuture() throws {
    let early = try kdc.changeRequest(user, to: new, at: kdc.now + .milliseconds(60_001))
    #expect(try refusal(early.message) == .clockSkew)
    let extreme = try kdc.changeRequest(user, to: new, at: Timestamp(milliseconds: .max))
    #expect(try refusal(extreme.message) == .clockSkew)
    let first = try kdc.changeRequest(user, to: new, at: Timestamp(milliseconds: 0))
    #expect(try refusal(first.message) == .clockSkew)
  }

  @Test("HOSTILE C 13: a replayed change is refused, whatever the directory says meanwhile")
  func replay() throws {
    let before = try record()
    let asked = try kdc.changeRequest(user, to: new)
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    #expect(try refusal(asked.message) == .staleKeyVersion)
    // As if the write had failed: the answer to the first try was "not now".
    kdc.directory.put(before)
    #expect(try refusal(asked.message) == .replayed)
  }

  @Test("C3: what was not written is an honest try again; what came second is refused")
  func notStored() throws {
    let asked = try kdc.changeRequest(user, to: new)
    kdc.directory.forcedOutcome = .failed
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .unavailable)
    kdc.directory.forcedOutcome = .conflict
    #expect(try refusal(kdc.changeRequest(user, to: new).message) == .changedMeanwhile)
    kdc.directory.forcedOutcome = nil
    let lost = try kdc.changeRequest(user, to: new)
    #expect(lost.next.failure(on: try kdc.giveUp(on: lost.message)) == .unavailable)
    try kdc.changeSecret(of: user, to: new)
  }

  @Test("C2: unknown, removed, disabled and stale look the same")
  func oneRefusal() throws {
    let present = try kdc.salt(of: user.name).keyVersion
    let stale = try kdc.changeRequest(user, to: new, keyVersion: present + 1)
    #expect(try refusal(stale.message) == .staleKeyVersion)
    let unknown = try TestUser("nobody")
    #expect(try refusal(kdc.changeRequest(unknown, to: new).message) == .unknownName)
    let asked = try kdc.changeRequest(user, to: new)
    kdc.directory.edit(user.name) { $0.state = .disabled }
    #expect(try refusal(asked.message) == .disabled)
    kdc.directory.edit(user.name) { $0.state = .removed }
    #expect(try refusal(asked.message) == .unknownName)
  }

  @Test("C2: a user whom the operator made logs in before it changes anything")
  func withoutIdentityKey() throws {
    let printer = try TestUser("printer")
    try kdc.makeWithoutIdentity(printer)
    let early = try kdc.changeRequest(printer, to: new)
    #expect(try refusal(early.message) == .identityKeyMissing)
    _ = try kdc.logIn(printer)
    _ = try kdc.logIn(kdc.changeSecret(of: printer, to: new))
  }

  @Test("CVE-2018-20217: the last key version number is the end, and no trap")
  func lastKeyVersion() throws {
    let sealed = kdc.center.keys.sealDigest(
      user.digest, name: user.name, keyVersion: .max, random: &kdc.random)
    kdc.directory.edit(user.name) {
      $0.keyVersion = .max
      $0.sealedDigest = sealed
    }
    let asked = try kdc.changeRequest(user, to: new)
    #expect(try refusal(asked.message) == .keyVersionsUsedUp)
    _ = try kdc.logIn(user)
  }

  @Test("The salt stays: another one is refused though it is signed")
  func otherSalt() throws {
    let told = try kdc.salt(of: user.name)
    let asked = try kdc.epoch().changeSecret(
      of: user.name,
      salt: SaltReply(
        parameters: told.parameters, salt: [UInt8](repeating: 7, count: 16),
        keyVersion: told.keyVersion),
      from: user.digest, to: new.digest, identity: user.identity, at: kdc.now)
    #expect(try refusal(asked.message) == .staleSalt)
  }

  @Test("HOSTILE G 24: a full epoch refuses what it could not tell from a replay")
  func overloaded() throws {
    var policy = CenterPolicy()
    policy.servedRequestsPerEpoch = 1
    let kdc = try TestKDC(policy: policy)
    try kdc.register(user)
    let asked = try kdc.changeRequest(user, to: new)
    _ = try kdc.logIn(user)
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .failed(.busy))
    try kdc.changeSecret(of: user, to: new)
  }

  @Test("C3: the client takes the answer for its name and its number only, under the old secret")
  func answers() throws {
    let first = try kdc.changeRequest(user, to: new)
    let second = try kdc.changeRequest(user, to: new)
    let answer = try kdc.reply(to: first.message)
    #expect(answer[2] == 1)
    #expect(second.next.failure(on: answer) == .notAuthentic)
    let opener = first.next.opener.duplicate()
    let digest = new.digest
    let wrong = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: first.next.keyVersion,
      realm: kdc.realm)
    #expect(exchangeFailure { _ = try opener.kind(of: answer, shared: wrong) } == .notAuthentic)
    _ = try first.next.receive(answer)
  }
}
