import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in a granting request or its reply. Steps T2 to T5 refuse.
let grantingFaults: [Scenario] = [
  fault("t2-ticket", "A bit of the sealed ticket-granting ticket is another.", "T2") {
    $0.request().flipped(100)
  },
  fault("t2-period", "The period is one whose key there is not.", "T2") { $0.request().flipped(4) },
  fault("t2-nonce", "A bit of the request nonce is another.", "T2") { $0.request().flipped(215) },
  fault("t2-tag", "A bit of the tag is another.", "T2") { $0.request().flipped(-1) },
  fault("t2-short", "The message ends within the ticket-granting ticket.", "T2") {
    [UInt8]($0.request().prefix(200))
  },
  fault("t2-silence", "The same fault by datagram: silence.", "T2", over: "udp") {
    $0.request().flipped(-1)
  },
  fault("t2-trailing", "A byte follows the last field.", "T2") { $0.request($0.ticketBody + [0]) },
  fault("t2-kind", "The kind is none of the seven.", "T2") { $0.request([8]) },
  fault("t2-service", "The service is none that there is.", "T2") {
    $0.request([7, 2] + [UInt8](repeating: 0, count: 65))
  },
  fault("t2-after", "What stands for no name is not zeros.", "T2") {
    $0.request([7, 1, 0] + [UInt8](repeating: 1, count: 64))
  },
  fault("t2-purpose", "The purpose is none of the three.", "T2") {
    $0.request($0.ticketBody.with(4, at: 1))
  },
  fault("t2-peer", "The peer's name is none.", "T2") {
    $0.request($0.ticketBody.with(UInt8(ascii: "/"), at: 3))
  },
  fault("t2-port", "The port is 0.", "T2") { $0.request($0.announcement(port: 0)) },
  fault("t2-reach-port", "Whether port 0 is reached.", "T2") { $0.request([4, 0, 0]) },
  fault("t2-reach-datagram", "Whether a port is reached, by datagram: silence.", "T2", over: "udp")
  {
    $0.request([4] + bigEndian(UInt16(60_000)))
  },
  fault("t2-addresses", "Six addresses are announced.", "T2") {
    $0.request($0.announcement(addresses: [[UInt8]](repeating: ownAddress, count: 6)))
  },
  fault("t2-address-mapped", "An IPv4 address mapped into IPv6.", "T2") {
    $0.request(
      $0.announcement(addresses: [
        [6] + [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1, 0, 9]
      ]))
  },
  fault("t2-address-padding", "The padding of an IPv4 address is not zero.", "T2") {
    $0.request($0.announcement(addresses: [World.source().with(1, at: 16)]))
  },
  fault(
    "t2-login-over", "The login ended a millisecond ago.", "T2",
    at: World.start + .hours(10) + .milliseconds(1), draws: ["response-nonce"]
  ) { $0.request(at: World.start + .hours(10)) },
  fault("t2-early", "The request's time is 60.001 s behind.", "T2", draws: ["response-nonce"]) {
    $0.request(at: World.start - .milliseconds(59_001))
  },
  fault("t2-late", "The request's time is 60.001 s ahead.", "T2", draws: ["response-nonce"]) {
    $0.request(at: World.start + .milliseconds(61_001))
  },
  fault("t3-disabled", "The user is disabled.", "T3", draws: ["response-nonce"]) {
    try $0.kdc.user(.alice) { $0.state = .disabled }
  } request: {
    $0.request()
  },
  fault("t3-key-version", "The secret was changed since.", "T3", draws: ["response-nonce"]) {
    try $0.kdc.user(.alice) { $0.keyVersion += 1 }
  } request: {
    $0.request()
  },
  fault("t4-own-name", "The peer is the requester.", "T4", draws: renewalDraws) {
    $0.request($0.ticketBody(for: "alice"))
  },
  fault("t4-unknown", "Nobody has the peer's name.", "T4", draws: renewalDraws) {
    $0.request($0.ticketBody(for: "carol"))
  },
  fault("t4-disabled", "The peer is disabled.", "T4", draws: renewalDraws) {
    try $0.kdc.user(.bob) { $0.state = .disabled }
  } request: {
    $0.request()
  },
  fault("t4-key-version", "The peer's secret was changed since.", "T4", draws: renewalDraws) {
    try $0.kdc.user(.bob) { $0.keyVersion += 1 }
  } request: {
    $0.request()
  },
  fault("t4-login-over", "The peer's login has ended.", "T4", draws: renewalDraws) { client in
    try client.kdc.presence(of: client.bob) { $0.loginEnd = World.start + .milliseconds(999) }
  } request: {
    $0.request()
  },
  Scenario("fault/t2-replay", "The same request twice.", refusedAt: "T2") { tape in
    let client = try FaultyGranting(tape)
    let first = try client.kdc.exchange("first", over: "udp", draws: ticketDraws) {
      client.request()
    }
    try tape.require(first.refusedAt == nil, "the first is granted")
    let again = client.kdc.lastRequest
    let second = try client.kdc.exchange("fault", over: "udp") { again }
    try tape.require(second.message == nil, "silence")
    return second.refusedAt
  },
  reply("t5-tag", "A bit of the tag is another.") { $0.reply().flipped(-1) },
  reply("t5-nonce", "A bit of the response nonce is another.") { $0.reply().flipped(2) },
  reply("t5-type", "The message is of another type.") { $0.reply().with(4, at: 1) },
  reply("t5-request", "The reply to another request.") {
    $0.reply(requestNonce: World.bytes("another nonce", 16))
  },
  reply("t5-peer", "A ticket for another peer.") { $0.reply(peer: "carol") },
  reply("t5-kind", "Another kind than was asked for.") { $0.reply(kind: 2) },
  reply("t5-kind-unknown", "The kind is none that there is.") { $0.reply(kind: 13) },
  reply("t5-trailing", "A byte follows the last field.") { $0.reply(trailing: [0]) },
  reply("t5-addresses", "There are more addresses than six.") { $0.reply(addressCount: 7) },
]

private func fault(
  _ path: String, _ comment: String, _ step: String, over link: String = "tcp",
  at now: Timestamp = World.start + .seconds(1), draws: [String] = [],
  prepare: @escaping @Sendable (FaultyGranting) throws -> Void = { _ in },
  request: @escaping @Sendable (FaultyGranting) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let client = try FaultyGranting(tape)
    try prepare(client)
    return try client.kdc.exchange("fault", over: link, at: now, draws: draws) {
      try request(client)
    }.refusedAt
  }
}

private func reply(
  _ path: String, _ comment: String,
  message: @escaping @Sendable (FaultyGrantingReply) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "T5") { tape in
    let kdc = try TapeCenter(tape)
    let alice = try kdc.credential(of: .alice)
    try tape.begin("client")
    let peer = try principal(tape.word("peer", "bob"))
    let nonce = try tape.drawn("request-nonce", GrantingExchange.nonceByteCount)
    let exchange = GrantingExchange(realm: kdc.realm, requestNonce: nonce.bytes)
    let message = try tape.given("reply") {
      try message(FaultyGrantingReply(exchange: exchange, requestKey: alice.requestKey))
    }
    let expecting = ExpectTicket(
      opener: GrantingReplyOpener(exchange: exchange, requestKey: secret(alice.requestKey)),
      peer: peer, purpose: .session)
    return try refused(at: "T5", as: ExchangeFailure.self) { _ = try expecting.receive(message) }
  }
}

/// Alice, who can be made to ask for anything while recording; bob is present.
struct FaultyGranting {
  let kdc: TapeCenter
  let alice: TapeCredential
  let bob: TapeCredential

  init(_ tape: Tape) throws {
    kdc = try TapeCenter(tape)
    (alice, bob) = try twoPeople(kdc)
  }

  var ticketBody: [UInt8] { ticketBody(for: "bob") }

  func ticketBody(for peer: String) -> [UInt8] {
    guard let peer = PrincipalName(peer) else { return [] }
    let request = GrantingRequest.ticket(
      purpose: .session, peer: peer,
      ephemeral: AgreementKey(privateKey: World.secret("an ephemeral key")).publicKey,
      LoginSignature(alice.signed))
    return written { request.write(to: &$0) }
  }

  func announcement(port: UInt16 = 60_000, addresses: [[UInt8]] = []) -> [UInt8] {
    [2] + bigEndian(port) + [UInt8(addresses.count)] + addresses.flatMap { $0 }
      + written { LoginSignature(alice.signed).write(to: &$0) }
  }

  func request(
    _ body: [UInt8]? = nil, at now: Timestamp = World.start + .seconds(1)
  ) -> [UInt8] {
    let exchange = GrantingExchange(
      realm: kdc.realm,
      requestNonce: World.bytes("request nonce", GrantingExchange.nonceByteCount).bytes)
    let plaintext = bigEndian(now.milliseconds) + (body ?? ticketBody)
    let header = exchange.requestHeader(ticket: alice.ticket)
    return SingleUseKey(exchange.requestKeys(secret(alice.requestKey))).seal(
      plaintext.bytes, behind: header.bytes)
  }
}

/// A KDC that answers in any way, while recording.
private struct FaultyGrantingReply {
  let exchange: GrantingExchange
  let requestKey: [UInt8]

  func reply(
    kind: UInt8 = 1, peer: String = "bob", requestNonce: [UInt8]? = nil, addressCount: Int = 1,
    trailing: [UInt8] = []
  ) -> [UInt8] {
    guard let peer = PrincipalName(peer) else { return [] }
    let plaintext =
      [kind] + bigEndian(World.start.milliseconds) + World.bytes("fresh request key", 32)
      + World.bytes("fresh ticket", TicketGrantingTicket.byteCount) + written { $0.name(peer) }
      + World.bytes("session key, identity, certificate, login key", 32 + 32 + 64 + 116)
      + World.bytes("a ticket", Ticket.byteCount) + [UInt8(addressCount)]
      + [[UInt8]](repeating: World.source(), count: addressCount).flatMap { $0 } + trailing
    let nonce = World.bytes("response nonce", GrantingExchange.nonceByteCount)
    let answeredNonce = requestNonce ?? [UInt8](exchange.requestNonce.bytes)
    let answered = GrantingExchange(realm: exchange.realm, requestNonce: answeredNonce.bytes)
    let header = grantingReplyHeader(responseNonce: nonce)
    let key = answered.replyKey(secret(requestKey), responseNonce: nonce.bytes)
    return key.seal(plaintext.bytes, behind: header.bytes)
  }
}
