import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let epochScenarios = [
  Scenario("exchange/epoch", "E1-E4: an epoch key out of its seed, announced and accepted.") {
    tape in
    let kdc = try TapeCenter(tape)
    let epoch = try kdc.makeEpoch()
    let reply = try kdc.exchange("epoch") { AnnouncedEpoch.request }
    try tape.begin("client")
    let message = reply.message ?? []
    let announced = try AnnouncedEpoch(message.bytes)
    try tape.require(announced.realm == kdc.realm, "the realm is the KDC's")
    let now = try tape.time("time", World.start + .seconds(2))
    _ = try announced.accept(pinned: kdc.realm, at: .kdcClock(now))
    try tape.check("realm-word", [UInt8](kdc.realm.word.utf8))
    _ = epoch
  },
  Scenario("exchange/succession", "2.4, E1-E4: an identity that was replaced twice.") { tape in
    let kdc = try TapeCenter(tape)
    let founding = kdc.realm
    for number in 1...2 {
      try tape.begin("identity \(number)")
      let now = try tape.time("time", World.start + .seconds(UInt64(number)))
      let seed = secret(
        try tape.given("identity-seed", World.bytes("kdc identity-seed \(number)", 32)))
      let next = SigningKey(seed: seed).publicKey
      guard let succession = kdc.keys.succession(by: next, at: now) else {
        throw TranscriptProblem("no succession")
      }
      try tape.require(kdc.keys.adoptIdentity(seed, succession), "it leads to this identity")
      try tape.check("identity", kdc.realm.identity.bytes)
      try tape.check("succession", written { succession.write(to: &$0) })
    }
    try kdc.makeEpoch(at: World.start + .seconds(3))
    let reply = try kdc.exchange("epoch", at: World.start + .seconds(4)) { AnnouncedEpoch.request }
    try tape.begin("client")
    let message = reply.message ?? []
    let announced = try AnnouncedEpoch(message.bytes)
    try tape.require(announced.identity.succeeds(founding), "the founding identity is succeeded")
    try tape.require(announced.realm.id == founding.id, "the realm is the same")
    let now = try tape.time("time", World.start + .seconds(5))
    _ = try announced.accept(pinned: announced.realm, at: .kdcClock(now))
    try tape.check("realm-word", [UInt8](announced.realm.word.utf8))
  },
  Scenario("exchange/failures", "4.1: what is answered in the clear, and what with silence.") {
    tape in
    let kdc = try TapeCenter(tape)
    try kdc.makeEpoch()
    try kdc.exchange("epoch by datagram: silence", over: "udp") { AnnouncedEpoch.request }
    try kdc.exchange("version 2: malformed") { [2, 1] }
    try kdc.exchange("type 7: malformed") { [1, 7] }
    try kdc.exchange("a reply: silence") { [1, 4] + World.bytes("a reply", 64) }
    try kdc.exchange("unknown epoch key") {
      [1, 3] + [UInt8](repeating: 0, count: 8) + World.bytes("no epoch", 1300)
    }
    try kdc.exchange("unknown ticket-granting ticket") { [1, 5] + World.bytes("no ticket", 300) }
    try kdc.exchange("the same by datagram: silence", over: "udp") {
      [1, 5] + World.bytes("no ticket", 300)
    }
  },
]
