import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in what a client gets back for a sealed request. Steps Q3, R4, L3 and C3 refuse;
/// 3.2 says what Argon2 may cost.
let sealedReplyFaults: [Scenario] = [
  fault("q3-tag", "A bit of the tag is another.", "Q3", .salt) { $0.salt().flipped(-1) },
  fault("q3-nonce", "A bit of the response nonce is another.", "Q3", .salt) {
    $0.salt().flipped(3)
  },
  fault("q3-flag", "The reply is said to be proven, and is not.", "Q3", .login) {
    $0.reply(.refused, proven: false).with(1, at: 2)
  },
  fault("q3-flag-value", "The flag is neither 0 nor 1.", "Q3", .salt) { $0.salt().with(2, at: 2) },
  fault("q3-proven-salt", "A salt in a proven reply.", "Q3", .login) {
    $0.reply(.salt, proven: true, $0.saltFields)
  },
  fault("q3-open-grant", "A grant in a reply that is not proven.", "Q3", .login) {
    $0.reply(.granted, proven: false, $0.grant())
  },
  fault("q3-kind", "The kind is none that there is.", "Q3", .salt) {
    $0.reply(kind: 255, proven: false, $0.saltFields)
  },
  fault("q3-short", "The message ends within the response nonce.", "Q3", .salt) {
    [UInt8]($0.salt().prefix(20))
  },
  fault("q3-type", "The message is of another type.", "Q3", .salt) { $0.salt().with(6, at: 1) },
  fault("s2-trailing", "A byte follows the last field.", "S2", .salt) {
    $0.reply(.salt, proven: false, $0.saltFields + [0])
  },
  fault("s2-parameters", "Argon2 in 17 passes.", "S2", .salt) {
    $0.reply(.salt, proven: false, $0.saltFields.with(17, at: 3))
  },
  fault("r4-name", "Registered, but another name.", "R4", .registration) { reply in
    reply.reply(.registered, proven: true, reply.named("bob", reply.user.keyVersion))
  },
  fault("r4-key-version", "Registered with another key version number.", "R4", .registration) {
    $0.reply(.registered, proven: true, $0.named("alice", $0.user.keyVersion + 1))
  },
  fault("l3-name", "A login of another name.", "L3", .login) {
    $0.reply(.granted, proven: true, $0.grant(name: "bob"))
  },
  fault("l3-key-version", "A login of another key version number.", "L3", .login) {
    $0.reply(.granted, proven: true, $0.grant(keyVersion: $0.user.keyVersion + 1))
  },
  fault("l3-certificate", "The certificate is not the KDC's.", "L3", .login) {
    $0.reply(.granted, proven: true, $0.grant { $0.flipped(0) })
  },
  fault("q3-open-change", "A change in a reply that is not proven.", "Q3", .change) {
    $0.reply(.changed, proven: false, $0.named("alice", $0.user.keyVersion + 1))
  },
  fault("c3-name", "Changed, but another name.", "C3", .change) { reply in
    reply.reply(.changed, proven: true, reply.named("bob", reply.user.keyVersion + 1))
  },
  fault("c3-key-version", "Changed, and still the old key version number.", "C3", .change) {
    $0.reply(.changed, proven: true, $0.named("alice", $0.user.keyVersion))
  },
  fault("c3-kind", "Registered, where a change was asked for.", "C3", .change) {
    $0.reply(.registered, proven: true, $0.named("alice", $0.user.keyVersion + 1))
  },
  fault("l3-short", "The last byte of the grant is missing.", "L3", .login) {
    $0.reply(.granted, proven: true, [UInt8]($0.grant().dropLast()))
  },
  cost(
    "3.2-passes", "Argon2 in 2 passes.",
    Argon2Parameters(
      iterations: 2, memoryKiB: 65536, parallelism: 4)),
  cost(
    "3.2-memory", "Argon2 in less than 64 MiB.",
    Argon2Parameters(
      iterations: 3, memoryKiB: 65535, parallelism: 4)),
]

private enum Awaited { case salt, registration, login, change }

/// A KDC that answers in any way, while recording.
private struct FaultyReply {
  let kdc: TapeCenter
  let opener: RecordedOpener
  let user: UserSecret
  let identity: VerifyingKey

  var saltFields: [UInt8] {
    written { body in
      SaltReply(
        parameters: .passphrase, salt: kdc.keys.salt(for: user.name), keyVersion: user.keyVersion
      ).write(to: &body)
    }
  }

  func salt() -> [UInt8] { reply(.salt, proven: false, saltFields) }

  func named(_ name: String, _ keyVersion: UInt32) -> [UInt8] {
    written { body in
      if let name = PrincipalName(name) { body.name(name) }
      body.uint32(keyVersion)
    }
  }

  func grant(
    name: String = "alice", keyVersion: UInt32? = nil,
    certificate edit: ([UInt8]) -> [UInt8] = { $0 }
  ) -> [UInt8] {
    let certificate = kdc.keys.certificate(for: user.name, identity: identity)
    return named(name, keyVersion ?? user.keyVersion) + edit(certificate)
      + World.bytes("request and ticket key", 64)
      + bigEndian((World.start + .hours(8)).milliseconds) + World.source()
      + World.bytes("ticket", TicketGrantingTicket.byteCount)
  }

  func reply(_ kind: SealedReplyKind, proven: Bool, _ fields: [UInt8] = []) -> [UInt8] {
    reply(kind: kind.rawValue, proven: proven, fields)
  }

  func reply(kind: UInt8, proven: Bool, _ fields: [UInt8]) -> [UInt8] {
    let plaintext = [kind] + bigEndian(World.start.milliseconds) + fields
    let nonce = World.bytes("response nonce", SealedExchange.responseNonceByteCount)
    let header = sealedReplyHeader(proven: proven, responseNonce: nonce)
    return key(proven, nonce).seal(plaintext.bytes, behind: header.bytes)
  }

  private func key(_ proven: Bool, _ nonce: [UInt8]) -> SingleUseKey {
    let state = opener.opener
    if proven, let shared = try? user.sharedKey(in: kdc.realm) {
      return state.exchange.replyKey(
        exported: state.exported, shared: shared, encapsulatedKey: state.encapsulatedKey.bytes,
        responseNonce: nonce.bytes)
    }
    return state.exchange.replyKey(
      exported: state.exported, encapsulatedKey: state.encapsulatedKey.bytes,
      responseNonce: nonce.bytes)
  }
}

private func fault(
  _ path: String, _ comment: String, _ step: String, _ awaited: Awaited,
  reply: @escaping @Sendable (FaultyReply) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let kdc = try TapeCenter(tape)
    try kdc.makeEpoch()
    guard let epochKey = kdc.epochKey?.publicKey else { throw TranscriptProblem("no epoch key") }
    try tape.begin("client")
    let name = try principal(tape.word("name", "alice"))
    let user = UserSecret(
      name: name, keyVersion: try tape.number("key-version", kdc.keys.firstKeyVersion(for: name)),
      digest: try tape.given("digest", Person.alice.digest))
    let identity = SigningKey(
      seed: secret(try tape.given("identity-seed", Person.alice.identitySeed)))
    let loginKey = try tape.drawn("login-key", 32)
    let opener = RecordedOpener(
      exchange: SealedExchange(realm: kdc.realm, epochKey: epochKey),
      encapsulatedKey: try tape.drawn("encapsulated-key", EpochKey.encapsulatedKeyByteCount),
      exported: try tape.drawn("exported-secret", EpochKey.exportedByteCount))
    let message = try tape.given("reply") {
      try reply(
        FaultyReply(kdc: kdc, opener: opener, user: user, identity: identity.publicKey))
    }
    let isSealedWell = try isOpened(message, by: opener, user: user, awaited, realm: kdc.realm)
    guard isSealedWell else { return "Q3" }
    switch awaited {
    case .salt:
      return try refused(at: "S2", as: ExchangeFailure.self) {
        _ = try ExpectSalt(opener: opener.opener).receive(message.bytes)
      }
    case .registration:
      return try refused(at: "R4", as: ExchangeFailure.self) {
        _ = try ExpectRegistration(
          opener: opener.opener, shared: user.sharedKey(in: kdc.realm), name: name,
          keyVersion: user.keyVersion
        ).receive(message.bytes)
      }
    case .change:
      return try refused(at: "C3", as: ExchangeFailure.self) {
        _ = try ExpectChange(
          opener: opener.opener, shared: user.sharedKey(in: kdc.realm), name: name,
          keyVersion: user.keyVersion
        ).receive(message.bytes)
      }
    case .login:
      let key = AgreementKey(privateKey: secret(loginKey))
      let signed = SignedLoginKey(
        key: key.publicKey, issued: World.start, expires: World.start + .hours(9),
        keyVersion: user.keyVersion, owner: name, realm: kdc.realm, identity: identity)
      let expecting = ExpectLogin(
        opener: opener.opener, shared: try user.sharedKey(in: kdc.realm), realm: kdc.realm,
        name: name, identity: identity.publicKey, loginKey: key, signed: signed)
      do throws(ExchangeFailure) { _ = try expecting.receive(message.bytes) } catch { return "L3" }
      return nil
    }
  }
}

/// Whether a reply passes Q3: the seal, the kind, and what the kind asks for.
private func isOpened(
  _ message: [UInt8], by opener: RecordedOpener, user: UserSecret, _ awaited: Awaited, realm: Realm
) throws -> Bool {
  let shared = try user.sharedKey(in: realm)
  do throws(ExchangeFailure) {
    if awaited == .salt {
      _ = try opener.opener.open(message.bytes)
    } else {
      _ = try opener.opener.open(message.bytes, shared: shared)
    }
    return true
  } catch {
    return false
  }
}

private func cost(
  _ path: String, _ comment: String, _ parameters: Argon2Parameters
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "3.2") { tape in
    try tape.begin("client")
    let passphrase = try tape.word("passphrase", "correct horse battery staple")
    let parameters = try read(try tape.given("argon2", written { $0.parameters(parameters) })) {
      (reader) throws(WireError) in try reader.parameters()
    }
    let salt = try tape.drawn("salt", UserRecord.saltByteCount)
    return try refused(at: "3.2", as: ExchangeFailure.self) {
      _ = try AccountSecret(
        passphrase: secret([UInt8](passphrase.utf8)), parameters: parameters, salt: salt)
    }
  }
}
