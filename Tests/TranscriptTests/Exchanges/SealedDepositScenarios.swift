import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let sealedDepositScenarios: [Scenario] = [
  Scenario("peer/deposit", "G1-G2: a deposit of two records, sealed and opened.") { tape in
    let scene = try TapeDeposit(tape)
    let letter = scene.letter
    try tape.begin("deposit record")
    let plaintext = try tape.given("plaintext", World.bytes("a second record", 50))
    let record = try scene.seal(plaintext)
    try tape.check("record", record)
    try tape.begin("deposit opened")
    let deposit = try scene.open(letter)
    let (issued, tag) = (deposit.deposited, deposit.tag)
    let first = deposit.firstRecord
    try tape.check("first-record", [UInt8](first.bytes))
    try tape.check("issued", bigEndian(issued.milliseconds))
    try tape.check("tag", tag.bytes)
    var opener = deposit.opener
    let opened = try opener.open(record.bytes)
    try tape.require([UInt8](opened.bytes) == plaintext, "the record opens")
  },
  Scenario("device/deposit-keys", "3.10: what a receiver keeps of a login that opens deposits.") {
    tape in
    let kdc = try TapeCenter(tape)
    let bob = try kdc.credential(of: .bob)
    try tape.begin("deposit keys")
    var random = TapeRandom(tape, ["nonce"])
    let storageKey = DepositStorageKey(
      identitySeed: secret(bob.identitySeed), name: bob.name, realm: kdc.realm)
    let file = DepositKeys(of: bob.credential).file(under: storageKey, random: &random)
    try tape.check("file", file)
    let keys = try DepositKeys(
      opening: file.bytes, under: storageKey, name: bob.name, realm: kdc.realm)
    let signed = keys.signed
    try tape.require(signed == bob.signed, "the login key")
  },
  fault("g2-version", "The version is none that there is.") { $0.with(2, at: 0) },
  fault("g2-login-key", "The letter names another login.") { $0.flipped(5) },
  fault("g2-ticket", "A bit of the ticket is another.") { $0.flipped(100) },
  fault("g2-ephemeral", "The message's ephemeral key is not the ticket's.") { $0.flipped(495) },
  fault("g2-message", "A bit of the tag of the message is another.") { $0.flipped(-1) },
  fault("g2-short", "The message ends within the ephemeral key.") { [UInt8]($0.prefix(510)) },
  ticket("g2-purpose", "A ticket for a session.") { ticket, _ in ticket.purpose = .session },
  ticket("g2-before", "The ticket is 5 minutes and 1 ms older than the login key.") { ticket, key in
    ticket.issued = key.issued - .minutes(5) - .milliseconds(1)
  },
  ticket("g2-expired", "The ticket expired 5 minutes and 1 ms ago.") { ticket, _ in
    ticket.expires = World.start + .seconds(3) - .minutes(5) - .milliseconds(1)
  },
  Scenario("fault/g2-own-clock", "33 days and 1 ms ago by the receiver's clock.", refusedAt: "G2") {
    tape in
    let scene = try TapeDeposit(tape)
    try tape.begin("fault")
    let own = try tape.time(
      "own-time", World.start + .seconds(2) + .days(33) + .milliseconds(1))
    return try refused(at: "G2", as: PeerFailure.self) {
      _ = try scene.open(scene.letter, own: own)
    }
  },
  Scenario("fault/g2-replay", "The same deposit twice.", refusedAt: "G2") { tape in
    let scene = try TapeDeposit(tape)
    let first = try scene.open(scene.letter)
    let tag = first.tag
    return try refused(at: "G2", as: PeerFailure.self) {
      _ = try scene.open(scene.letter, known: [tag])
    }
  },
]

/// A letter that is not as the sender made it.
private func fault(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "G2") { tape in
    let scene = try TapeDeposit(tape)
    try tape.begin("fault")
    let letter = try tape.given("letter", edit(scene.letter))
    do {
      _ = try scene.open(letter)
      return nil
    } catch is WireError {
      return "G2"
    } catch is PeerFailure {
      return "G2"
    }
  }
}

/// A letter as it is, with a ticket that is not.
private func ticket(
  _ path: String, _ comment: String,
  edit: @escaping @Sendable (inout TapeTicket, SignedLoginKey) -> Void
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "G2") { tape in
    let scene = try TapeDeposit(tape, editTicket: edit)
    return try refused(at: "G2", as: PeerFailure.self) { _ = try scene.open(scene.letter) }
  }
}
