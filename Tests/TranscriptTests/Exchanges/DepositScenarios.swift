import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let depositScenarios = [
  Scenario("exchange/take-deposits", "B1-B3: a login opens deposits, and then has a mailbox.") {
    tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let bob = try kdc.credential(of: .bob)
    let client = GrantingClient(kdc, bob)
    let first = try client.takeDeposits(
      "take deposits", mailbox: nil, draws: ["ticket-key-nonce"] + renewalDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let granted = try first.receive(client.reply)
    try tape.require(granted.value == bob.expires, "until the login key expires")
    try kdc.checkStoredDeposits(.bob)
    let again = try client.takeDeposits(
      "take deposits again", mailbox: "post", draws: renewalDraws)
    _ = try again.receive(client.reply)
    try kdc.checkStoredDeposits(.bob)
  },
  Scenario("exchange/take-deposits-superseded", "B3, kind 5: a later login opens deposits.") {
    tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.bob)
    let earlier = try kdc.credential(of: .bob)
    let later = try kdc.credential(of: .bob, variant: " later", shift: .milliseconds(1))
    try kdc.deposits(of: later)
    let client = GrantingClient(kdc, earlier)
    let expecting = try client.takeDeposits(
      "take deposits", mailbox: nil, draws: ["ticket-key-nonce"] + renewalDraws)
    try expect(.superseded, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario("exchange/deposit-ticket", "T1-T5, kind 10: a ticket for a receiver who is away.") {
    tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.alice)
    try kdc.user(.bob)
    let alice = try kdc.credential(of: .alice)
    let bob = try kdc.credential(of: .bob)
    try kdc.deposits(of: bob, mailbox: "post")
    let client = GrantingClient(kdc, alice)
    let expecting = try client.ticket(purpose: .deposit, draws: ticketDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let granted = try expecting.receive(client.reply)
    let grant = granted.value
    try tape.check("session-key", [UInt8](grant.sessionKey.bytes))
    try tape.check("ticket", grant.ticket)
    let mailbox = grant.mailbox
    try tape.require(mailbox?.description == "post", "the receiver's mailbox")
  },
  Scenario("exchange/no-deposits", "T4, kind 4: the peer is present, and opens no deposits.") {
    tape in
    let kdc = try TapeCenter(tape)
    let (alice, _) = try twoPeople(kdc)
    let client = GrantingClient(kdc, alice)
    let expecting = try client.ticket(purpose: .deposit, draws: renewalDraws)
    try expect(.peerNotPresent, tape) { _ = try expecting.receive(client.reply) }
  },
  Scenario("exchange/services", "M1-M2: a mailbox announces itself, and is listed.") { tape in
    let kdc = try TapeCenter(tape)
    try kdc.user(.alice)
    try kdc.user(.bob)
    let alice = try kdc.credential(of: .alice)
    let bob = try kdc.credential(of: .bob)
    let mailbox = GrantingClient(kdc, bob)
    let announced = try mailbox.announce(
      "announce a mailbox", port: 60_000, addresses: [], service: .mailbox,
      draws: ["ticket-key-nonce"] + renewalDraws)
    _ = try announced.receive(mailbox.reply)
    let client = GrantingClient(kdc, alice)
    let listed = try client.services("list", after: nil, draws: renewalDraws)
    try tape.begin("reply opened")
    try client.checkReply()
    let names = try listed.receive(client.reply).value
    try tape.require(names == [bob.name], "bob is listed")
    let rest = try client.services("list the rest", after: "bob", draws: renewalDraws)
    let others = try rest.receive(client.reply).value
    try tape.require(others.isEmpty, "nobody else is")
  },
]

extension GrantingClient {
  func takeDeposits(_ title: String, mailbox: String?, draws: [String]) throws -> ExpectDeposits {
    try tape.begin("client \(title)")
    let mailbox = try optionalName("mailbox", mailbox)
    let sent = try tape.time("time", Self.soon)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.takeDeposits(mailbox: mailbox, at: sent, random: &random)
    try ask(title, asked.message, at: sent, draws: draws)
    return asked.next
  }

  func services(_ title: String, after: String?, draws: [String]) throws -> ExpectServices {
    try tape.begin("client \(title)")
    let after = try optionalName("after", after)
    let sent = try tape.time("time", Self.soon)
    var random = TapeRandom(tape, ["request-nonce"])
    let asked = login.credential.askForServices(
      .mailbox, after: after, at: sent, random: &random)
    try ask(title, asked.message, at: sent, draws: draws)
    return asked.next
  }

  private func optionalName(_ field: String, _ text: String?) throws -> PrincipalName? {
    let word = try tape.word(field, text ?? "-")
    return word == "-" ? nil : try principal(word)
  }
}

extension TapeCenter {
  /// Section `deposits`: a login of a credential that opens deposits.
  func deposits(of credential: TapeCredential, mailbox: String? = nil) throws {
    var random = FixedRandom(World.bytes("deposit nonce of \(credential.name)", 12))
    let sealed = keys.sealTicketKey(
      secret(credential.ticketKey), name: credential.name, loginTime: credential.grantedAt,
      random: &random)
    try tape.begin("deposits \(credential.name)")
    let word = try tape.word("mailbox", mailbox ?? "-")
    let record = DepositRecord(
      name: try principal(tape.word("name", credential.name.description)),
      keyVersion: try tape.number("key-version", credential.keyVersion),
      loginTime: try tape.time("login-time", credential.grantedAt),
      until: try tape.time("until", credential.expires),
      mailbox: word == "-" ? nil : try principal(word),
      loginKey: try read(try tape.given("login-key", written { $0.loginKey(credential.signed) })) {
        (reader) throws(WireError) in try reader.loginKey()
      },
      sealedTicketKey: try tape.given("sealed-ticket-key", sealed))
    directory.deposits[record.name] = record
  }

  /// Section `stored deposits`: what the KDC keeps of a login that opens deposits.
  func checkStoredDeposits(_ person: Person) throws {
    try tape.begin("stored deposits \(person.name)")
    let record = directory.deposits[try principal(person.name)]
    try tape.check("login-time", bigEndian(record?.loginTime.milliseconds ?? 0))
    try tape.check("until", bigEndian(record?.until.milliseconds ?? 0))
    try tape.check("mailbox", written { $0.optionalName(record?.mailbox) })
    try tape.check("login-key", record.map { r in written { $0.loginKey(r.loginKey) } } ?? [])
    try tape.check("sealed-ticket-key", record?.sealedTicketKey ?? [])
  }
}
