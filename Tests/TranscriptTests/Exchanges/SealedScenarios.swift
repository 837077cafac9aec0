import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let sealedScenarios = [
  Scenario("exchange/salt", "S1, S2: the salt of a user.") { tape in
    try salt(tape) { kdc in try kdc.user(.alice) }
  },
  Scenario("exchange/salt-unknown", "S1, S2: a name that nobody has, answered in the same form.") {
    tape in try salt(tape) { _ in }
  },
  Scenario("exchange/salt-removed", "S2: a name whose user was removed.") { tape in
    try salt(tape) { kdc in try kdc.user(.alice) { $0.state = .removed } }
  },
  Scenario("exchange/registration", "R1-R4: a free name becomes a user's.") { tape in
    let client = try registration(tape, draws: ["digest-nonce", "response-nonce"])
    try client.kdc.checkStored(.alice)
    let time = try client.expecting().receive(client.reply.bytes)
    try tape.require(time == World.start + .seconds(1), "KDC time")
  },
  Scenario("exchange/name-taken", "R3: an existing name is not touched.") { tape in
    let client = try registration(tape, isTaken: true, draws: ["response-nonce"])
    try expect(.nameTaken, tape) { _ = try client.expecting().receive(client.reply.bytes) }
  },
  Scenario("exchange/registration-unavailable", "R4: the record could not be written.") { tape in
    let client = try registration(
      tape, draws: ["digest-nonce", "response-nonce"], outcome: .failed)
    try expect(.unavailable, tape) { _ = try client.expecting().receive(client.reply.bytes) }
  },
  Scenario("exchange/login", "L1-L3: a login, and the first use of its credential.") { tape in
    let client = try login(tape, draws: grantDraws) { kdc in try kdc.user(.alice) }
    let credential = try client.expecting().receive(client.reply.bytes)
    try tape.begin("credential")
    try tape.check("login-end", bigEndian(credential.end.milliseconds))
    try tape.check("observed", written { $0.address(credential.observed) })
    var random = TapeRandom(tape, ["request-nonce"])
    let farewell = credential.withdraw(at: World.start + .seconds(2), random: &random)
    try tape.check("withdraw-request", farewell.message)
  },
  Scenario("exchange/enrolment", "L2: a user without an identity key brings it with a login.") {
    tape in
    let client = try login(tape, draws: grantDraws) { kdc in
      try kdc.user(.alice, hasIdentity: false)
    }
    try client.kdc.checkStored(.alice)
    _ = try client.expecting().receive(client.reply.bytes)
  },
  Scenario("exchange/identity-differs", "L2, kind 6: the registered identity key is another.") {
    tape in
    let client = try login(tape, draws: ["response-nonce"]) { kdc in
      try kdc.user(.alice) { user in
        let other = SigningKey(seed: World.secret("another identity")).publicKey
        user.identity = other
        user.certificate = kdc.keys.certificate(for: user.name, identity: other)
      }
    }
    try expect(.identityKeyDiffers, tape) {
      _ = try client.expecting().receive(client.reply.bytes)
    }
  },
  Scenario("exchange/login-refused", "L2, kind 0: the passphrase is wrong.") { tape in
    let client = try login(tape, draws: ["response-nonce"]) { kdc in
      try kdc.user(.alice) { user in
        var random = FixedRandom(World.bytes("another nonce", 12))
        user.sealedDigest = kdc.keys.sealDigest(
          World.secret("another digest"), name: user.name, keyVersion: user.keyVersion,
          random: &random)
      }
    }
    try expect(.refused, tape) { _ = try client.expecting().receive(client.reply.bytes) }
  },
]

private let grantDraws = ["request-key", "ticket-key", "ticket-nonce", "response-nonce"]

private func salt(_ tape: Tape, prepare: (TapeCenter) throws -> Void) throws {
  let kdc = try TapeCenter(tape)
  try prepare(kdc)
  let epoch = try kdc.makeEpoch()
  try tape.begin("client")
  let name = try principal(tape.word("name", "alice"))
  let body = written { SaltRequest(name: name).write(to: &$0) }
  try kdc.exchange("salt", draws: ["response-nonce"]) {
    try epoch.askForSalt(of: name).message
  }
  let opener = try kdc.checkRequest(kdc.lastRequest, body: body)
  let reply = try kdc.checkReply(opener)
  let told = try ExpectSalt(opener: opener.opener).receive(reply.bytes)
  try tape.check("salt", told.value.salt)
  try tape.check("key-version", bigEndian(told.value.keyVersion))
}

/// A registration that has been answered.
struct RegisteringClient {
  let kdc: TapeCenter
  let secret: UserSecret
  let opener: RecordedOpener
  let reply: [UInt8]

  func expecting() throws -> ExpectRegistration {
    ExpectRegistration(
      opener: opener.opener,
      shared: try secret.sharedKey(in: kdc.realm), name: secret.name,
      keyVersion: secret.keyVersion)
  }
}

private func registration(
  _ tape: Tape, isTaken: Bool = false, draws: [String], outcome: ChangeOutcome? = nil
) throws -> RegisteringClient {
  let kdc = try TapeCenter(tape)
  if isTaken { try kdc.user(.alice) }
  let epoch = try kdc.makeEpoch()
  try tape.begin("client")
  let name = try principal(tape.word("name", "alice"))
  let digest = try tape.given("digest", Person.alice.digest)
  let identity = SigningKey(
    seed: secret(try tape.given("identity-seed", Person.alice.identitySeed)))
  let port = try tape.number("port", UInt16(60_000))
  let told = SaltReply(
    parameters: .passphrase, salt: kdc.keys.salt(for: name),
    keyVersion: kdc.keys.firstKeyVersion(for: name))
  let statement = kdc.realm.identityProofContent(name: name, identity: identity.publicKey)
  let content = RegistrationRequest(
    name: name, keyVersion: told.keyVersion, parameters: told.parameters, salt: told.salt,
    digest: secret(digest), identity: identity.publicKey,
    identityProof: identity.sign(statement.bytes), port: port)
  let body = written { content.write(to: &$0) }
  try kdc.exchange("registration", draws: draws, outcome: outcome) {
    try epoch.register(
      name, salt: told, digest: secret(digest), identity: identity, port: port
    ).message
  }
  let user = UserSecret(name: name, keyVersion: told.keyVersion, digest: digest)
  let opener = try kdc.checkRequest(kdc.lastRequest, body: body, secret: user)
  let reply = try kdc.checkReply(opener, secret: user)
  return RegisteringClient(
    kdc: kdc, secret: user, opener: opener, reply: reply)
}

/// A login that has been answered.
struct LoggingInClient {
  let kdc: TapeCenter
  let secret: UserSecret
  let identity: VerifyingKey
  let loginKey: [UInt8]
  let signed: SignedLoginKey
  let opener: RecordedOpener
  let reply: [UInt8]

  func expecting() throws -> ExpectLogin {
    ExpectLogin(
      opener: opener.opener,
      shared: try secret.sharedKey(in: kdc.realm), realm: kdc.realm, name: secret.name,
      identity: identity, loginKey: AgreementKey(privateKey: SecretBytes(copying: loginKey.bytes)),
      signed: signed)
  }
}

private func login(
  _ tape: Tape, draws: [String], prepare: (TapeCenter) throws -> Void
) throws -> LoggingInClient {
  let kdc = try TapeCenter(tape)
  try prepare(kdc)
  let epoch = try kdc.makeEpoch()
  try tape.begin("client")
  let name = try principal(tape.word("name", "alice"))
  let digest = try tape.given("digest", Person.alice.digest)
  let identity = SigningKey(
    seed: secret(try tape.given("identity-seed", Person.alice.identitySeed)))
  let loginKey = try tape.drawn("login-key", 32)
  let now = try tape.time("time", World.start + .milliseconds(500))
  let hours = Interval.hours(8)
  let keyVersion = try tape.number("key-version", kdc.keys.firstKeyVersion(for: name))
  let signed = SignedLoginKey(
    key: AgreementKey(privateKey: secret(loginKey)).publicKey, issued: now,
    expires: now + hours + .hours(1), keyVersion: keyVersion, owner: name, realm: kdc.realm,
    identity: identity)
  let content = LoginRequest(
    name: name, identity: identity.publicKey, loginKey: signed,
    lifetimeSeconds: try tape.number("lifetime-seconds", UInt32(hours.milliseconds / 1000)))
  let body = written { content.write(to: &$0) }
  try kdc.exchange("login", draws: draws) {
    try epoch.logIn(
      name, keyVersion: keyVersion, digest: secret(digest), identity: identity,
      loginKey: AgreementKey(privateKey: secret(loginKey)), lifetime: hours, at: now
    ).message
  }
  let user = UserSecret(name: name, keyVersion: keyVersion, digest: digest)
  let opener = try kdc.checkRequest(kdc.lastRequest, body: body, secret: user)
  let reply = try kdc.checkReply(opener, secret: user)
  return LoggingInClient(
    kdc: kdc, secret: user, identity: identity.publicKey, loginKey: loginKey, signed: signed,
    opener: opener, reply: reply)
}
