import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in a change of secret. Step C2 refuses.
let changeFaults: [Scenario] = [
  fault("c2-name", "Nobody has the name.", has: nil) { try $0.change() },
  fault("c2-disabled", "The user is disabled.", has: .disabled) { try $0.change() },
  fault("c2-removed", "The user was removed.", has: .removed) { try $0.change() },
  fault("c2-key-version", "The key version number is the next one.") {
    try $0.change { $0.keyVersion += 1 }
  },
  fault("c2-proof", "The change is proven with the new digest.") {
    try $0.change(provenWith: newDigest)
  },
  fault("c2-late", "The request is a millisecond too old.", at: World.start + .seconds(60)) {
    try $0.change { $0.time = World.start - .milliseconds(1) }
  },
  fault("c2-early", "The request's time is a millisecond too far ahead.", at: World.start) {
    try $0.change { $0.time = World.start + .milliseconds(60_001) }
  },
  fault("c2-change-proof", "The identity key has not signed.") {
    try $0.change(signing: { $0.flipped(0) })
  },
  fault("c2-change-proof-key", "Another identity key has signed.") { client in
    let other = SigningKey(seed: secret(World.bytes("another identity", 32)))
    return try client.change(signing: { _ in other.sign(client.statement().bytes) })
  },
  fault("c2-change-proof-time", "The identity key has signed for another time.") {
    try $0.change(signedAt: World.start)
  },
  fault("c2-no-identity", "The user has no identity key yet.", hasIdentity: false) {
    try $0.change()
  },
  fault("c2-salt", "Another salt than the record's.") {
    try $0.change { $0.salt = $0.salt.flipped(0) }
  },
  Scenario("fault/c2-replay", "The same change twice; the first was not written.", refusedAt: "C2")
  { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.alice)
    try kdc.makeEpoch()
    let client = try FaultyClient(kdc)
    let first = try kdc.exchange(
      "first", draws: ["digest-nonce", "response-nonce"], outcome: .failed
    ) { try client.change() }
    try tape.require(first.refusedAt == "C3", "the first is not made")
    let again = kdc.lastRequest
    return try kdc.exchange("fault", draws: ["response-nonce"]) { again }.refusedAt
  },
]

private let newDigest = World.bytes("another digest", 32)

private func fault(
  _ path: String, _ comment: String, has state: UserRecord.State? = .active,
  hasIdentity: Bool = true, at now: Timestamp = World.start + .seconds(1),
  request: @escaping @Sendable (FaultyClient) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "C2") { tape in
    let kdc = try TapeCenter(tape)
    if let state { try kdc.user(.alice, hasIdentity: hasIdentity) { $0.state = state } }
    try kdc.makeEpoch()
    let client = try FaultyClient(kdc)
    return try kdc.exchange("fault", at: now, draws: ["response-nonce"]) {
      try request(client)
    }.refusedAt
  }
}

extension FaultyClient {
  /// What a change may say wrongly, and sign all the same.
  struct Change {
    var keyVersion: UInt32
    var time = World.start + .milliseconds(500)
    var salt: [UInt8]
  }

  private func request(
    _ fields: Change, signedAt time: Timestamp? = nil, proof: [UInt8] = []
  ) -> SecretChangeRequest {
    SecretChangeRequest(
      name: name, keyVersion: fields.keyVersion, time: time ?? fields.time,
      parameters: .passphrase, salt: fields.salt, digest: secret(newDigest), identityProof: proof)
  }

  private var fields: Change {
    Change(keyVersion: alice.keyVersion, salt: kdc.keys.salt(for: name))
  }

  /// What the identity key has to sign.
  fileprivate func statement() -> [UInt8] { request(fields).signedContent(in: kdc.realm) }

  fileprivate func change(
    provenWith digest: [UInt8]? = nil, signedAt: Timestamp? = nil,
    _ edit: (inout Change) -> Void = { _ in }, signing: ([UInt8]) -> [UInt8] = { $0 }
  ) throws -> [UInt8] {
    var fields = self.fields
    edit(&fields)
    let statement = request(fields, signedAt: signedAt).signedContent(in: kdc.realm)
    let content = request(fields, proof: signing(identity.sign(statement.bytes)))
    let proving = UserSecret(
      name: name, keyVersion: fields.keyVersion, digest: digest ?? alice.digest)
    let shared = try proving.sharedKey(in: kdc.realm)
    return try kdc.seal(written { content.write(to: &$0) }, provenBy: shared)
  }
}
