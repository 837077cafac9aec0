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
