import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in a handshake. Steps U1 to U4, P2 and P3 refuse.
let peerFaults: [Scenario] = [
  hello("p2-ephemeral", "A bit of the ephemeral key is another.") { $0.flipped(0) },
  hello("p2-ephemeral-zero", "The ephemeral key is of low order.") {
    [UInt8](repeating: 0, count: 32) + $0[32...]
  },
  hello("p2-static", "A bit of the sealed static key is another.") { $0.flipped(40) },
  hello("p2-payload", "A bit of the payload's tag is another.") { $0.flipped(-1) },
  hello("p2-short", "The last byte is missing.") { [UInt8]($0.dropLast()) },
  hello("p2-empty", "The message is empty.") { _ in [] },
  ticket("p2-ticket-purpose", "The ticket is for a deposit.", "P2") { ticket, _ in
    ticket.purpose = .deposit
  },
  ticket("p2-ticket-responder", "The ticket is for another responder.", "P2") { ticket, _ in
    ticket.responder = PrincipalName("carol") ?? ticket.responder
  },
  ticket("p2-ticket-expired", "The ticket expired 5 minutes and 1 ms ago.", "P2") { ticket, now in
    ticket.expires = now - .minutes(5) - .milliseconds(1)
    ticket.issued = ticket.expires - .minutes(5)
  },
  ticket("p2-ticket-future", "The ticket is issued in 5 minutes and 1 ms.", "P2") { ticket, now in
    ticket.issued = now + .minutes(5) + .milliseconds(1)
    ticket.expires = ticket.issued + .minutes(5)
  },
  ticket("p2-ticket-ephemeral", "The ticket has another ephemeral key.", "P2") { ticket, _ in
    ticket.ephemeral = AgreementKey(privateKey: World.secret("another ephemeral")).publicKey
  },
  ticket("p2-ticket-login-key", "The ticket has another login key.", "P2") { ticket, _ in
    ticket.resign(key: AgreementKey(privateKey: World.secret("another login key")).publicKey)
  },
  Scenario("fault/p2-ticket-tag", "A bit of the sealed ticket is another.", refusedAt: "P2") {
    tape in
    try responds(TapePeers(tape, editSealed: { $0 = $0.flipped(-1) }))
  },
  Scenario("fault/p2-replay", "The same first message twice.", refusedAt: "P2") { tape in
    let peers = try TapePeers(tape)
    let message = try peers.hello().message
    var cache = SessionReplayCache(now: peers.now)
    let first = try peers.respond(to: message, cache: &cache)
    try tape.check("message-2", first.message)
    return try refusedStep { _ = try peers.respond(to: message, cache: &cache) }
  },
  ticket("u1-own-name", "The initiator is the responder.", "U1") { ticket, _ in
    ticket.initiator = ticket.responder
    ticket.certify()
    ticket.resign()
  },
  ticket("u2-certificate", "The initiator's certificate is not the KDC's.", "U2") { ticket, _ in
    ticket.certificate = ticket.certificate.flipped(0)
  },
  ticket("u3-signature", "The login key's signature does not verify.", "U3") { ticket, _ in
    let key = ticket.loginKey
    ticket.loginKey = SignedLoginKey(
      key: key.key, issued: key.issued, expires: key.expires, keyVersion: key.keyVersion,
      signature: key.signature.flipped(0))
  },
  ticket("u3-key-version", "The login key is signed for another key version number.", "U3") {
    ticket, _ in
    let key = ticket.loginKey
    ticket.loginKey = SignedLoginKey(
      key: key.key, issued: key.issued, expires: key.expires, keyVersion: key.keyVersion + 1,
      signature: key.signature)
  },
  ticket("u4-expired", "The login key expired 5 minutes and 1 ms ago.", "U4") { ticket, now in
    ticket.resign(
      issued: now - .hours(1), expires: now - .minutes(5) - .milliseconds(1))
  },
  ticket("u4-future", "The login key is made in 5 minutes and 1 ms.", "U4") { ticket, now in
    ticket.resign(issued: now + .minutes(5) + .milliseconds(1), expires: now + .hours(1))
  },
  ticket("u4-backwards", "The login key expires when it was made.", "U4") { ticket, now in
    ticket.resign(issued: now, expires: now)
  },
  ticket("u4-long-life", "The login key lives for more than 32 days.", "U4") { ticket, now in
    ticket.resign(issued: now, expires: now + .days(32) + .milliseconds(1))
  },
  Scenario("fault/u2-pin", "The initiator's identity key is not the pinned one.", refusedAt: "U2") {
    tape in try responds(TapePeers(tape), pinning: "another identity")
  },
  Scenario("fault/u2-pin-initiator", "The responder's is not the pinned one.", refusedAt: "U2") {
    tape in
    let peers = try TapePeers(tape)
    try tape.begin("pin")
    let pinned = VerifyingKey(try tape.given("identity-key", pin("another identity")))
    return try refusedStep { _ = try peers.hello(pinned: pinned) }
  },
  Scenario("fault/u2-certificate-responder", "The responder's certificate.", refusedAt: "U2") {
    tape in
    let peers = try TapePeers(tape)
    try tape.begin("claim")
    let certificate = try tape.given("certificate", peers.bob.certificate.flipped(0))
    return try refusedStep {
      _ = try peers.hello(
        claim: PeerClaim(
          name: peers.bob.name, identity: peers.bob.identity.publicKey, certificate: certificate,
          loginKey: peers.bob.signed))
    }
  },
  answer("p3-message", "A bit of the tag of message 2 is another.") { $0.flipped(-1) },
  answer("p3-ephemeral", "A bit of the responder's ephemeral key is another.") { $0.flipped(0) },
  answer("p3-ephemeral-zero", "The responder's ephemeral key is of low order.") {
    [UInt8](repeating: 0, count: 32) + $0[32...]
  },
  answer("p3-short", "The last byte of message 2 is missing.") { [UInt8]($0.dropLast()) },
  record("p3-record", "A bit of the first record is another.") { $0.flipped(-1) },
  record("p3-record-short", "The first record has no room for a tag.") { [UInt8]($0.prefix(15)) },
]

private func pin(_ label: String) -> [UInt8] {
  SigningKey(seed: World.secret(label)).publicKey.bytes
}

/// Message 1 as it is, for a ticket that is not.
private func ticket(
  _ path: String, _ comment: String, _ step: String,
  edit: @escaping @Sendable (inout TapeTicket, Timestamp) -> Void
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let now = World.start + .seconds(3)
    return try responds(TapePeers(tape, now: now, editTicket: { edit(&$0, now) }))
  }
}

private func responds(_ peers: TapePeers, pinning label: String? = nil) throws -> String? {
  let message = try peers.hello().message
  var pinned: VerifyingKey?
  if let label {
    try peers.tape.begin("pin")
    pinned = VerifyingKey(try peers.tape.given("identity-key", pin(label)))
  }
  var cache = SessionReplayCache(now: peers.now)
  return try refusedStep { _ = try peers.respond(to: message, cache: &cache, pinned: pinned) }
}

/// A message 1 that is not as the initiator made it.
private func hello(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "P2") { tape in
    let peers = try TapePeers(tape)
    let honest = try peers.hello().message
    try tape.begin("fault")
    let message = try tape.given("message-1", edit(honest))
    var cache = SessionReplayCache(now: peers.now)
    return try refusedStep { _ = try peers.respond(to: message, cache: &cache) }
  }
}

/// A message 2 that is not as the responder made it.
private func answer(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "P3") { tape in
    let peers = try TapePeers(tape)
    let hello = try peers.hello()
    let message = hello.message
    let awaiting = hello.next
    var cache = SessionReplayCache(now: peers.now)
    let honest = try peers.respond(to: message, cache: &cache).message
    try tape.begin("fault")
    let answer = try tape.given("message-2", edit(honest))
    do throws(PeerFailure) { _ = try awaiting.receive(answer.bytes) } catch { return "P3" }
    return nil
  }
}

/// A first record that is not as the initiator made it.
private func record(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "P3") { tape in
    let peers = try TapePeers(tape)
    let ends = try peers.answer(try peers.hello())
    var sender = ends.sender
    let awaiting = ends.responder
    let honest = try sender.seal(World.bytes("a record", 40).bytes)
    try tape.begin("fault")
    let first = try tape.given("record", edit(honest))
    do throws(PeerFailure) { _ = try awaiting.receive(first.bytes) } catch { return "P3" }
    return nil
  }
}

extension TapeTicket {
  private var kdcIdentity: SigningKey { SigningKey(seed: World.secret("kdc identity-seed")) }
  private var realm: Realm { Realm(identity: kdcIdentity.publicKey) }

  /// The KDC's certificate for the name and identity key in the ticket.
  fileprivate mutating func certify() {
    let content = realm.certificateContent(name: initiator, identity: identity)
    certificate = kdcIdentity.sign(content.bytes)
  }

  /// Another login key or other times, signed by alice as they should be.
  fileprivate mutating func resign(
    key: AgreementPublicKey? = nil, issued: Timestamp? = nil, expires: Timestamp? = nil
  ) {
    loginKey = SignedLoginKey(
      key: key ?? loginKey.key, issued: issued ?? loginKey.issued,
      expires: expires ?? loginKey.expires, keyVersion: loginKey.keyVersion, owner: initiator,
      realm: realm, identity: SigningKey(seed: secret(Person.alice.identitySeed)))
  }
}
