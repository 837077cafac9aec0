import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("R1-R4: registration")
struct RegistrationTests {
  private func request(
    _ kdc: TestKDC, _ user: TestUser, salt: SaltReply? = nil
  ) throws -> Outgoing<ExpectRegistration> {
    try kdc.epoch().register(
      user.name, salt: salt ?? kdc.salt(of: user.name), digest: user.digest,
      identity: user.identity, port: 60_000)
  }

  @Test("R3: the record holds what was sent, certified, and no digest in the clear")
  func record() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    let asked = try request(kdc, user)
    let answer = kdc.handle(asked.message)
    #expect(answer.notBefore == nil)
    #expect(answer.event?.kind == .registered)
    let time = try asked.next.receive(#require(answer.message))
    #expect(time == kdc.now)

    let record = try #require(kdc.directory.users[user.name])
    #expect(record.state == .active)
    #expect(record.address == (try address(TestKDC.client, port: 60_000)))
    #expect(record.identity == user.identity.publicKey)
    #expect(record.sealedDigest.count == UserRecord.sealedDigestByteCount)
    let digest = [UInt8](user.digest.bytes)
    #expect(!(0...28).contains { [UInt8](record.sealedDigest[$0..<($0 + 32)]) == digest })
    let statement = kdc.realm.certificateContent(
      name: user.name, identity: user.identity.publicKey)
    #expect(kdc.realm.identity.verifies(record.certificate, over: statement))
  }

  @Test("HOSTILE B 7: registering an existing name changes nothing", arguments: [true, false])
  func nameTaken(withOwnSecrets: Bool) throws {
    let kdc = try TestKDC()
    let owner = try TestUser("alice")
    try kdc.register(owner)
    let before = kdc.directory.users
    let asked = try request(
      kdc, withOwnSecrets ? owner : TestUser("alice", variant: "somebody else"))
    let answer = kdc.handle(asked.message)
    #expect(answer.notBefore == CenterPolicy().refusalDelay)
    #expect(answer.event?.kind == .refused(.nameTaken))
    #expect(asked.next.failure(on: try #require(answer.message)) == .nameTaken)
    #expect(kdc.directory.users == before)
    _ = try kdc.logIn(owner)
  }

  @Test("HOSTILE B 7: a disabled name is taken as well")
  func disabledNameTaken() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    kdc.directory.edit(user.name) { $0.state = .disabled }
    let before = kdc.directory.users
    let asked = try request(kdc, user)
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .nameTaken)
    #expect(kdc.directory.users == before)
  }

  @Test("R3: a removed name can be had again, with the next kvno only")
  func removedName() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let old = try kdc.salt(of: user.name)
    kdc.directory.edit(user.name) { $0.state = .removed }

    let stale = try request(kdc, user, salt: old)
    #expect(stale.next.failure(on: try kdc.reply(to: stale.message)) == .refused)
    #expect(kdc.lastRefusal == .staleKeyVersion)
    #expect(kdc.directory.users[user.name]?.state == .removed)

    let successor = try TestUser("alice", variant: "successor")
    try kdc.register(successor)
    #expect(kdc.directory.users[user.name]?.keyVersion == old.keyVersion + 1)
    _ = try kdc.logIn(successor)
  }

  @Test("R3: a salt or a kvno of one's own choosing is refused")
  func foreignSalt() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    let salt = try kdc.salt(of: user.name)
    let wrong = [
      SaltReply(
        parameters: salt.parameters, salt: salt.salt.map { $0 ^ 1 }, keyVersion: salt.keyVersion),
      SaltReply(parameters: salt.parameters, salt: salt.salt, keyVersion: salt.keyVersion + 1),
      SaltReply(parameters: salt.parameters, salt: salt.salt, keyVersion: 0),
      SaltReply(parameters: salt.parameters, salt: salt.salt, keyVersion: .max),
    ]
    // The same answer for a name that exists: nothing can be asked that costs the asker no name.
    let taken = try TestUser("bob")
    try kdc.register(taken)
    for salt in wrong {
      let asked = try request(kdc, user, salt: salt)
      #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .refused)
      #expect(kdc.lastRefusal == .staleKeyVersion)
      let told = try kdc.salt(of: taken.name)
      let bent = SaltReply(
        parameters: told.parameters, salt: told.salt.map { $0 ^ 1 }, keyVersion: told.keyVersion)
      let askedAgain = try request(kdc, taken, salt: bent)
      #expect(askedAgain.next.failure(on: try kdc.reply(to: askedAgain.message)) == .refused)
      #expect(kdc.lastRefusal == .staleKeyVersion)
    }
    #expect([PrincipalName](kdc.directory.users.keys) == [taken.name])
  }

  /// Seals a registration whose body and proof the caller makes.
  private func forge(
    _ kdc: TestKDC, _ user: TestUser, identityProof: [UInt8], proofBy prover: TestUser
  ) throws -> Outgoing<SealedReplyOpener> {
    let salt = try kdc.salt(of: user.name)
    let request = RegistrationRequest(
      name: user.name, keyVersion: salt.keyVersion, parameters: salt.parameters, salt: salt.salt,
      digest: user.digest, identity: user.identity.publicKey, identityProof: identityProof,
      port: 60_000)
    var body = ByteWriter()
    request.write(to: &body)
    let digest = prover.digest
    let shared = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: salt.keyVersion, realm: kdc.realm)
    return try kdc.epoch().seal(body) { content in shared.proof(of: content.bytes) }
  }

  @Test("R2: a proof under another key than the registered one is refused")
  func wrongProof() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    let statement = kdc.realm.identityProofContent(
      name: user.name, identity: user.identity.publicKey)
    let forged = try forge(
      kdc, user, identityProof: user.identity.sign(statement.bytes), proofBy: TestUser("mallory"))
    let answer = kdc.handle(forged.message)
    #expect(kdc.lastRefusal == .wrongProof)
    #expect(answer.notBefore == CenterPolicy().refusalDelay)
    #expect(kdc.directory.users.isEmpty)
    let reply = try #require(answer.message)
    #expect(try forged.next.kind(of: reply) == .refused)
  }

  @Test("R2: an identity key that the sender does not hold is refused")
  func wrongIdentityProof() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    let other = try TestUser("mallory")
    let own = kdc.realm.identityProofContent(name: user.name, identity: user.identity.publicKey)
    let otherName = kdc.realm.identityProofContent(
      name: other.name, identity: user.identity.publicKey)
    let otherRealm = try TestKDC(seed: "another").realm.identityProofContent(
      name: user.name, identity: user.identity.publicKey)
    let certificate = kdc.realm.certificateContent(
      name: user.name, identity: user.identity.publicKey)
    let proofs = [
      other.identity.sign(own.bytes), user.identity.sign(otherName.bytes),
      user.identity.sign(otherRealm.bytes), user.identity.sign(certificate.bytes),
      [UInt8](repeating: 0, count: 64),
    ]
    for proof in proofs {
      let forged = try forge(kdc, user, identityProof: proof, proofBy: user)
      let answer = kdc.handle(forged.message)
      #expect(kdc.lastRefusal == .badIdentityProof)
      #expect(answer.notBefore == CenterPolicy().refusalDelay)
      let reply = try #require(answer.message)
      #expect(try forged.next.kind(of: reply) == .refused)
    }
    #expect(kdc.directory.users.isEmpty)
  }

  @Test("R4: a conflict at the store is a taken name, a store that fails an honest try again")
  func storeOutcomes() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    kdc.directory.forcedOutcome = .conflict
    let first = try request(kdc, user)
    #expect(first.next.failure(on: try kdc.reply(to: first.message)) == .nameTaken)
    kdc.directory.forcedOutcome = .failed
    let second = try request(kdc, user)
    let answer = kdc.handle(second.message)
    #expect(kdc.lastRefusal == .unavailable)
    #expect(second.next.failure(on: try #require(answer.message)) == .unavailable)
    #expect(kdc.directory.users.isEmpty)
    kdc.directory.forcedOutcome = nil
    try kdc.register(user)
  }

  @Test("HOSTILE C 13: a replayed registration changes nothing, also once the name was removed")
  func replay() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    let asked = try request(kdc, user)
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    let before = kdc.directory.users
    let replayed = kdc.handle(asked.message)
    #expect(kdc.lastRefusal == .nameTaken)
    #expect(replayed.notBefore == CenterPolicy().refusalDelay)
    kdc.directory.edit(user.name) { $0.state = .removed }
    _ = kdc.handle(asked.message)
    #expect(kdc.lastRefusal == .staleKeyVersion)
    #expect(kdc.directory.users.keys == before.keys)
    #expect(kdc.directory.users[user.name]?.state == .removed)
  }

  @Test("HOSTILE B 10: the answer names who was registered")
  func namedAnswer() throws {
    let kdc = try TestKDC()
    let first = try request(kdc, TestUser("alice"))
    let second = try request(kdc, TestUser("bob"))
    #expect(first.next.failure(on: try kdc.reply(to: second.message)) == .notAuthentic)
  }
}
