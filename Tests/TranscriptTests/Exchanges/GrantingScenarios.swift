import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let grantingScenarios = [
  Scenario("exchange/announce", "A1-A3: a receiver announces itself, and again a minute later.") {
    tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob)
    let client = GrantingClient(kdc, bob)
    let own = try read(ownAddress) { (reader) throws(WireError) in try reader.address() }
    let first = try client.announce(
      "announce", port: 60_000, addresses: [own], draws: ["ticket-key-nonce"] + renewalDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let granted = try first.receive(client.reply)
    try tape.require(granted.value == bob.observed, "the observed address")
    try kdc.checkStoredPresence(.bob)
    let again = try client.announce(
      "announce again", port: 60_000, addresses: [own], at: World.start + .seconds(60),
      draws: renewalDraws)
    _ = try again.receive(client.reply)
    try kdc.checkStoredPresence(.bob)
  },
  Scenario("exchange/superseded", "A3, kind 5: a later login of the same name receives.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let earlier = try kdc.credential(of: .bob)
    let later = try kdc.credential(of: .bob, variant: " later", shift: .milliseconds(1))
    try kdc.presence(of: later)
    let client = GrantingClient(kdc, earlier)
    let expecting = try client.announce(
      "announce", port: 60_000, addresses: [], draws: ["ticket-key-nonce"] + renewalDraws)
    try expect(.superseded, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario("exchange/withdraw", "W1: a receiver receives no longer.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob)
    try kdc.presence(of: bob)
    let client = GrantingClient(kdc, bob)
    let expecting = try client.withdraw(draws: renewalDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    _ = try expecting.receive(client.reply)
    try kdc.checkStoredPresence(.bob)
  },
  reach("exchange/reach", "D1-D3: the KDC connects to who asks, and tells that it could.", true),
  reach("exchange/not-reached", "D1-D3: the KDC tells that it could not connect.", false),
  Scenario("exchange/ticket", "T1-T5: a ticket and a session key by datagram.") { tape in
    let kdc = try TapeCenter(tape)
    let (alice, _) = try twoPeople(kdc)
    let client = GrantingClient(kdc, alice)
    let expecting = try client.ticket(draws: ticketDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let granted = try expecting.receive(client.reply)
    let now = granted.time
    let session = granted.value
    try tape.check("session-key", [UInt8](session.sessionKey.bytes))
    try tape.check("ticket", session.ticket)
    let judged = try PeerTrust(realm: kdc.realm, own: alice.name).judge(
      session.peerClaim, pinned: nil, at: PeerTrust.Clocks(kdc: now, own: now))
    try tape.check("peer-identity-key", judged.identity.bytes)
    try tape.check("peer-login-key", judged.loginKey.bytes)
    // The fresh ticket-granting ticket and its key are good for the next request.
    var credential = alice.credential
    credential.renew(with: granted.renewal)
    var random = TapeRandom(tape, ["next-request-nonce"])
    let next = credential.withdraw(at: World.start + .seconds(2), random: &random)
    try tape.check("next-request", next.message)
  },
  Scenario("exchange/peer-not-present", "T4, kind 4: the peer does not receive now.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.alice)
    try kdc.user(.bob)
    let client = GrantingClient(kdc, try kdc.credential(of: .alice))
    let expecting = try client.ticket(draws: renewalDraws)
    try expect(.peerNotPresent, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario("exchange/login-over", "T2, kind 6: the login has ended.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob, lifetime: .minutes(1))
    let client = GrantingClient(kdc, bob)
    let expecting = try client.withdraw(
      at: World.start + .seconds(61), draws: ["response-nonce"])
    try expect(.loginOver, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario(
    "exchange/clock-skew", "T2, kind 7: the request's time is off, and the KDC tells its own."
  ) { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let client = GrantingClient(kdc, try kdc.credential(of: .bob))
    let expecting = try client.withdraw(
      at: World.start + .minutes(2), arriving: World.start + .seconds(59),
      draws: ["response-nonce"])
    try expect(.clockSkew(now: World.start + .seconds(59)), tape) {
      _ = try expecting.receive(client.reply)
    }
  },
  Scenario("exchange/granting-unavailable", "Kind 8: the presence could not be entered.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let client = GrantingClient(kdc, try kdc.credential(of: .bob))
    let expecting = try client.announce(
      "announce", port: 60_000, addresses: [], draws: ["ticket-key-nonce", "response-nonce"],
      outcome: .failed)
    try expect(.unavailable, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario("exchange/ratchet", "4.4: a ticket-granting ticket of the hour before.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob)
    try kdc.makeEpoch(at: World.start + .hours(1))
    let client = GrantingClient(kdc, bob)
    let expecting = try client.withdraw(
      at: World.start + .minutes(61), draws: renewalDraws)
    _ = try expecting.receive(client.reply)
  },
]

private func reach(_ path: String, _ comment: String, _ isReached: Bool) -> Scenario {
  Scenario(path, comment) { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob)
    let client = GrantingClient(kdc, bob)
    let expecting = try client.reach(port: 60_000, isReached: isReached, draws: renewalDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let granted = try expecting.receive(client.reply)
    try tape.require(granted.value.observed == bob.observed, "the observed address")
    try tape.require(granted.value.isReached == isReached, "how it went")
  }
}

let renewalDraws = ["response-nonce", "request-key", "ticket-granting-ticket-nonce"]
let ticketDraws = ["session-key", "ticket-id", "ticket-nonce"] + renewalDraws

/// 2001:db8::1, port 60000.
let ownAddress: [UInt8] =
  [6, 0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1] + bigEndian(UInt16(60_000))

/// Two users, the second one present.
func twoPeople(_ kdc: TapeCenter) throws -> (alice: TapeCredential, bob: TapeCredential) {
  try kdc.user(.alice)
  try kdc.user(.bob)
  let alice = try kdc.credential(of: .alice)
  let bob = try kdc.credential(of: .bob)
  try kdc.presence(of: bob)
  return (alice, bob)
}

/// A client of the granting exchange: its requests are reproduced byte for byte.
final class GrantingClient {
  let kdc: TapeCenter
  let login: TapeCredential
  let tape: Tape
  private(set) var request: [UInt8] = []
  private(set) var reply: [UInt8] = []
  static let soon = World.start + .seconds(1)

  init(_ kdc: TapeCenter, _ login: TapeCredential) {
    self.kdc = kdc
    self.login = login
    tape = kdc.tape
  }

  func announce(
    _ title: String, port: UInt16, addresses: [NetworkAddress], service: ServiceKind? = nil,
    at now: Timestamp = soon, draws: [String], outcome: ChangeOutcome? = nil
  ) throws -> ExpectAnnouncement {
    try tape.begin("client \(title)")
    let port = try tape.number("port", port)
    let addresses = try read(
      try tape.given("addresses", written { $0.addresses(addresses) })
    ) { (reader) throws(WireError) in
      try reader.addresses(limit: GrantingRequest.announcedAddressLimit)
    }
    let sent = try tape.time("time", now)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.announce(
      port: port, addresses: addresses, service: service, at: sent, random: &random)
    try ask(title, asked.message, at: now, draws: draws, outcome: outcome)
    return asked.next
  }

  func ticket(
    for peer: String = "bob", purpose: Purpose = .session, at now: Timestamp = soon,
    over link: String = "udp", draws: [String]
  ) throws -> ExpectTicket {
    try tape.begin("client ticket")
    let peer = try principal(tape.word("peer", peer))
    let ephemeral = AgreementKey(privateKey: try tape.secret("ephemeral-key", 32))
    let sent = try tape.time("time", now)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.askForTicket(
      for: peer, purpose: purpose, ephemeral: ephemeral.publicKey, at: sent, random: &random)
    try ask("ticket", asked.message, at: now, draws: draws)
    return asked.next
  }

  func withdraw(
    at now: Timestamp = soon, arriving: Timestamp? = nil, draws: [String]
  ) throws -> ExpectWithdrawal {
    try tape.begin("client withdraw")
    let sent = try tape.time("time", now)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.withdraw(at: sent, random: &random)
    try ask("withdraw", asked.message, at: arriving ?? now, draws: draws)
    return asked.next
  }

  func reach(port: UInt16, isReached: Bool, draws: [String]) throws -> ExpectReach {
    try tape.begin("client reach")
    let port = try tape.number("port", port)
    let sent = try tape.time("time", Self.soon)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.askForReach(port: port, at: sent, random: &random)
    kdc.isReached = isReached
    try ask("reach", over: "tcp", asked.message, at: Self.soon, draws: draws)
    return asked.next
  }

  func ask(
    _ title: String, over link: String = "udp", _ message: [UInt8], at now: Timestamp,
    draws: [String], outcome: ChangeOutcome? = nil
  ) throws {
    try tape.check("request", message)
    try tape.check("request-plaintext", try openRequest(message))
    let handled = try kdc.exchange(
      title, over: link, at: now, draws: draws, outcome: outcome
    ) { message }
    try tape.require(kdc.lastRequest == message, "the client makes the recorded request")
    request = message
    reply = handled.message ?? []
  }

  private var exchange: GrantingExchange {
    GrantingExchange(realm: login.realm, requestNonce: requestNonce.bytes)
  }

  private var requestNonce: [UInt8] {
    let end = GrantingExchange.requestHeaderByteCount
    return [UInt8](request[(end - GrantingExchange.nonceByteCount)..<end])
  }

  private func openRequest(_ message: [UInt8]) throws -> [UInt8] {
    request = message
    let material = exchange.requestKeys(secret(login.requestKey))
    let plaintext = try SingleUseKey(material).open(
      message.bytes.extracting(droppingFirst: GrantingExchange.requestHeaderByteCount),
      authenticating: message.bytes.extracting(first: GrantingExchange.requestHeaderByteCount))
    return [UInt8](plaintext.bytes)
  }

  /// The reply's plaintext, in the present section.
  func checkReply() throws {
    let reply = self.reply
    let headerCount = GrantingExchange.replyHeaderByteCount
    let nonce = [UInt8](reply[MessageType.headerByteCount..<headerCount])
    let key = exchange.replyKey(secret(login.requestKey), responseNonce: nonce.bytes)
    let plaintext = try key.open(
      reply.bytes.extracting(droppingFirst: headerCount),
      authenticating: reply.bytes.extracting(first: headerCount))
    try tape.check("plaintext", [UInt8](plaintext.bytes))
  }
}
