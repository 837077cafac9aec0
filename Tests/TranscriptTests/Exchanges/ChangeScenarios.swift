import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let changeScenarios = [
  Scenario("exchange/change", "C1-C3: another secret takes the place of the present one.") {
    tape in
    let client = try change(tape, draws: ["digest-nonce", "response-nonce"])
    try client.kdc.checkStored(.alice)
    let time = try client.expecting().receive(client.reply.bytes)
    try tape.require(time == World.start + .seconds(1), "KDC time")
  },
  Scenario("exchange/change-conflict", "C3: another change came first.") { tape in
    let client = try change(
      tape, draws: ["digest-nonce", "response-nonce"], outcome: .conflict)
    let failure = try failure { _ = try client.expecting().receive(client.reply.bytes) }
    try tape.require(failure == .refused, "refused")
  },
  Scenario("exchange/change-unavailable", "C3: the record could not be written.") { tape in
    let client = try change(tape, draws: ["digest-nonce", "response-nonce"], outcome: .failed)
    let failure = try failure { _ = try client.expecting().receive(client.reply.bytes) }
    try tape.require(failure == .unavailable, "not now")
  },
]

/// A change that has been answered.
private struct ChangingClient {
  let kdc: TapeCenter
  /// With the old digest.
  let secret: UserSecret
  let opener: RecordedOpener
  let reply: [UInt8]

  func expecting() throws -> ExpectChange {
    ExpectChange(
      opener: opener.opener, shared: try secret.sharedKey(in: kdc.realm), name: secret.name,
      keyVersion: secret.keyVersion)
  }
}

private func change(
  _ tape: Tape, draws: [String], outcome: ChangeOutcome? = nil
) throws -> ChangingClient {
  let kdc = try TapeCenter(tape)
  try kdc.user(.alice)
  let epoch = try kdc.makeEpoch()
  try tape.begin("client")
  let name = try principal(tape.word("name", "alice"))
  let digest = try tape.given("digest", Person.alice.digest)
  let new = try tape.given("new-digest", World.bytes("another digest", 32))
  let identity = SigningKey(
    seed: secret(try tape.given("identity-seed", Person.alice.identitySeed)))
  let now = try tape.time("time", World.start + .milliseconds(500))
  let told = SaltReply(
    parameters: .passphrase, salt: kdc.keys.salt(for: name),
    keyVersion: try tape.number("key-version", kdc.keys.firstKeyVersion(for: name)))
  let unsigned = SecretChangeRequest(
    name: name, keyVersion: told.keyVersion, time: now, parameters: told.parameters,
    salt: told.salt, digest: secret(new), identityProof: [])
  let statement = unsigned.signedContent(in: kdc.realm)
  try tape.check("change-statement", statement)
  let content = SecretChangeRequest(
    name: name, keyVersion: told.keyVersion, time: now, parameters: told.parameters,
    salt: told.salt, digest: secret(new), identityProof: identity.sign(statement.bytes))
  let body = written { content.write(to: &$0) }
  try kdc.exchange("change", draws: draws, outcome: outcome) {
    try epoch.changeSecret(
      of: name, salt: told, from: secret(digest), to: secret(new), identity: identity, at: now
    ).message
  }
  let user = UserSecret(name: name, keyVersion: told.keyVersion, digest: digest)
  let opener = try kdc.checkRequest(kdc.lastRequest, body: body, secret: user)
  let reply = try kdc.checkReply(opener, secret: user)
  return ChangingClient(kdc: kdc, secret: user, opener: opener, reply: reply)
}
