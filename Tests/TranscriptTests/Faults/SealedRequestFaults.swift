import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in what a client seals to the KDC. Steps Q2, R2, R3, L2 and C2 refuse.
let sealedRequestFaults: [Scenario] = [
  fault("q2-epoch-unknown", "The epoch id is not the epoch key's.", "Q2") {
    try $0.salt().flipped(2)
  },
  fault("q2-epoch-over", "The epoch key's time is over.", "Q2", at: World.start + .minutes(61)) {
    try $0.salt()
  },
  fault("q2-encapsulated-key", "A bit of the encapsulated key is another.", "Q2") {
    try $0.salt().flipped(10)
  },
  fault("q2-encapsulated-key-short", "The message ends within the encapsulated key.", "Q2") {
    [UInt8](try $0.salt().prefix(1000))
  },
  fault("q2-tag", "A bit of the tag is another.", "Q2") { try $0.salt().flipped(-1) },
  fault("q2-no-ciphertext", "There is no ciphertext.", "Q2") {
    [UInt8](try $0.salt().prefix(10 + EpochKey.encapsulatedKeyByteCount))
  },
  fault("q2-empty", "The plaintext is empty.", "Q2") { try $0.kdc.seal([]) },
  fault("q2-kind", "The kind is none of the four.", "Q2") {
    try $0.kdc.seal($0.saltBody.with(5, at: 0))
  },
  fault("q2-trailing", "A byte follows the last field.", "Q2") {
    try $0.kdc.seal($0.saltBody + [0])
  },
  fault("q2-name-length", "The name's length is 65.", "Q2") {
    try $0.kdc.seal($0.saltBody.with(65, at: 1))
  },
  fault("q2-name-empty", "The name is empty.", "Q2") {
    try $0.kdc.seal([1] + [UInt8](repeating: 0, count: 65))
  },
  fault("q2-name-padding", "The name's padding is not zero.", "Q2") {
    try $0.kdc.seal($0.saltBody.with(1, at: -1))
  },
  fault("q2-name-letter", "The name has a letter that names do not have.", "Q2") {
    try $0.kdc.seal($0.saltBody.with(UInt8(ascii: "A"), at: 2))
  },
  fault("q2-parameters", "A registration with 17 passes of Argon2.", "Q2") {
    try $0.register { $0.parameters = [0, 0, 0, 17, 0, 1, 0, 0, 0, 0, 0, 4] }
  },
  fault("r2-proof", "A registration proven with another digest.", "R2", draws: refusal) {
    try $0.register(provenWith: World.bytes("another digest", 32))
  },
  fault("r2-proof-tag", "A bit of the proof is another.", "R2", draws: refusal) {
    try $0.kdc.seal($0.registration()) { _ in World.bytes("no proof", 32) }
  },
  fault("r2-proof-context", "The proof is for another encapsulated key.", "R2", draws: refusal) {
    let proofKey = try $0.proofKey()
    return try $0.kdc.seal($0.registration()) { content in
      HMACSHA256.authenticate(content.flipped(200).bytes, key: proofKey.bytes)
    }
  },
  fault("r2-identity-proof", "The identity key is not proven.", "R2", draws: refusal) {
    try $0.register { $0.identityProof = $0.identityProof.flipped(0) }
  },
  fault(
    "r2-identity-proof-name", "The identity key is proven for another name.", "R2", draws: refusal
  ) { client in
    try client.register { fields in
      let statement = client.kdc.realm.identityProofContent(
        name: client.bob, identity: client.identity.publicKey)
      fields.identityProof = client.identity.sign(statement.bytes)
    }
  },
  fault("r3-key-version", "A registration with another key version number.", "R3", draws: refusal) {
    try $0.register { $0.keyVersion += 1 }
  },
  fault("r3-salt", "A registration with another salt.", "R3", draws: refusal) {
    try $0.register { $0.salt = $0.salt.flipped(0) }
  },
  fault("r3-name-taken", "The name is an active user's.", "R3", has: .active, draws: refusal) {
    try $0.register()
  },
  fault("r3-name-disabled", "The name is a disabled user's.", "R3", has: .disabled, draws: refusal)
  { try $0.register() },
  fault("l2-name", "Nobody has the name.", "L2", draws: refusal) { try $0.logIn() },
  fault("l2-disabled", "The user is disabled.", "L2", has: .disabled, draws: refusal) {
    try $0.logIn()
  },
  fault("l2-removed", "The user was removed.", "L2", has: .removed, draws: refusal) {
    try $0.logIn()
  },
  fault("l2-key-version", "Another key version number.", "L2", has: .active, draws: refusal) {
    try $0.logIn { $0.keyVersion += 1 }
  },
  fault("l2-proof", "A login proven with another digest.", "L2", has: .active, draws: refusal) {
    try $0.logIn(provenWith: World.bytes("another digest", 32))
  },
  fault("l2-body", "A login changed after its proof.", "L2", has: .active, draws: refusal) {
    let proofKey = try $0.proofKey()
    return try $0.kdc.seal($0.login()) { content in
      HMACSHA256.authenticate(content.flipped(-1).bytes, key: proofKey.bytes)
    }
  },
  fault(
    "l2-enrolment", "The first login key is not signed by the identity key that comes with it.",
    "L2", has: .active, hasIdentity: false, draws: refusal
  ) { try $0.logIn { $0.signature = $0.signature.flipped(0) } },
  replay("r3-replay", "The same registration twice.", "R3", has: nil) { try $0.register() },
  replay("l2-replay", "The same login twice.", "L2", has: .active) { try $0.logIn() },
]

private let refusal = ["response-nonce"]

private func fault(
  _ path: String, _ comment: String, _ step: String, has state: UserRecord.State? = nil,
  hasIdentity: Bool = true, at now: Timestamp = World.start + .seconds(1), draws: [String] = [],
  request: @escaping @Sendable (FaultyClient) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let kdc = try TapeCenter(tape)
    if let state { try kdc.user(.alice, hasIdentity: hasIdentity) { $0.state = state } }
    try kdc.makeEpoch()
    let client = try FaultyClient(kdc)
    return try kdc.exchange("fault", at: now, draws: draws) { try request(client) }.refusedAt
  }
}

private func replay(
  _ path: String, _ comment: String, _ step: String, has state: UserRecord.State?,
  request: @escaping @Sendable (FaultyClient) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let kdc = try TapeCenter(tape)
    if let state { try kdc.user(.alice) { $0.state = state } }
    try kdc.makeEpoch()
    let client = try FaultyClient(kdc)
    let draws =
      state == nil
      ? ["digest-nonce", "response-nonce"]
      : ["request-key", "ticket-key", "ticket-nonce", "response-nonce"]
    let first = try kdc.exchange("first", draws: draws) { try request(client) }
    try tape.require(first.refusedAt == nil, "the first is granted")
    let again = kdc.lastRequest
    return try kdc.exchange("fault", draws: refusal) { again }.refusedAt
  }
}

/// A client that can be made to do anything, while recording.
struct FaultyClient {
  let kdc: TapeCenter
  let name: PrincipalName
  let bob: PrincipalName
  let alice: UserSecret
  var identity: SigningKey { SigningKey(seed: secret(Person.alice.identitySeed)) }

  init(_ kdc: TapeCenter) throws {
    self.kdc = kdc
    name = try principal("alice")
    bob = try principal("bob")
    alice = UserSecret(
      name: name, keyVersion: kdc.keys.firstKeyVersion(for: name), digest: Person.alice.digest)
  }

  var saltBody: [UInt8] { written { SaltRequest(name: name).write(to: &$0) } }

  func salt() throws -> [UInt8] { try kdc.seal(saltBody) }

  func proofKey() throws -> [UInt8] {
    let shared = try alice.sharedKey(in: kdc.realm)
    return [UInt8](shared.proofKey.bytes)
  }

  // MARK: Registration

  /// The fields of a registration, as bytes.
  struct Registration {
    var keyVersion: UInt32
    var parameters: [UInt8]
    var salt: [UInt8]
    var identityProof: [UInt8]
  }

  func registration(_ edit: (inout Registration) -> Void = { _ in }) -> [UInt8] {
    let statement = kdc.realm.identityProofContent(name: name, identity: identity.publicKey)
    var fields = Registration(
      keyVersion: alice.keyVersion, parameters: written { $0.parameters(.passphrase) },
      salt: kdc.keys.salt(for: name), identityProof: identity.sign(statement.bytes))
    edit(&fields)
    return written { body in
      body.uint8(SealedRequestKind.registration.rawValue)
      body.name(name)
      body.uint32(fields.keyVersion)
      body.bytes(fields.parameters.bytes)
      body.bytes(fields.salt.bytes)
      body.bytes(alice.digest.bytes)
      body.bytes(identity.publicKey.bytes.bytes)
      body.bytes(fields.identityProof.bytes)
      body.uint16(60_000)
    }
  }

  func register(
    provenWith digest: [UInt8]? = nil, _ edit: (inout Registration) -> Void = { _ in }
  ) throws -> [UInt8] {
    var keyVersion = alice.keyVersion
    let body = registration { fields in
      edit(&fields)
      keyVersion = fields.keyVersion
    }
    let proving = UserSecret(
      name: name, keyVersion: keyVersion, digest: digest ?? alice.digest)
    let shared = try proving.sharedKey(in: kdc.realm)
    return try kdc.seal(body, provenBy: shared)
  }

  // MARK: Login

  /// The fields of a login, as bytes.
  struct Login {
    var keyVersion: UInt32
    var signature: [UInt8]
  }

  func login(_ edit: (inout Login) -> Void = { _ in }) -> [UInt8] {
    let key = AgreementKey(privateKey: secret(Person.alice.loginKey)).publicKey
    let expires = World.start + .hours(9)
    let signed = SignedLoginKey(
      key: key, issued: World.start, expires: expires, keyVersion: alice.keyVersion, owner: name,
      realm: kdc.realm, identity: identity)
    var fields = Login(keyVersion: alice.keyVersion, signature: signed.signature)
    edit(&fields)
    let request = LoginRequest(
      name: name, identity: identity.publicKey,
      loginKey: SignedLoginKey(
        key: key, issued: World.start, expires: expires, keyVersion: fields.keyVersion,
        signature: fields.signature),
      lifetimeSeconds: 28_800)
    return written { request.write(to: &$0) }
  }

  func logIn(
    provenWith digest: [UInt8]? = nil, _ edit: (inout Login) -> Void = { _ in }
  ) throws -> [UInt8] {
    var keyVersion = alice.keyVersion
    let body = login { fields in
      edit(&fields)
      keyVersion = fields.keyVersion
    }
    let proving = UserSecret(
      name: name, keyVersion: keyVersion, digest: digest ?? alice.digest)
    let shared = try proving.sharedKey(in: kdc.realm)
    return try kdc.seal(body, provenBy: shared)
  }
}
