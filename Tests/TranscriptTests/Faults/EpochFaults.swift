import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in an epoch key's announcement. Steps E3 and E4 refuse.
let epochFaults: [Scenario] = [
  fault("e3-signature", "A bit of the signature is another.", "E3") { $0.message.flipped(-1) },
  fault("e3-identity", "The identity key is not the signer's.", "E3") { announced in
    let other = SigningKey(seed: World.secret("another identity")).publicKey
    return [UInt8](announced.message[..<2]) + other.bytes + announced.message[34...]
  },
  fault("e3-not-after", "A bit of the end is another.", "E3") { $0.message.flipped(49) },
  fault("e3-epoch-key", "A bit of the epoch key is another.", "E3") { $0.message.flipped(50) },
  fault("e3-short", "The last byte is missing.", "E3") { [UInt8]($0.message.dropLast()) },
  fault("e3-trailing", "A byte follows the signature.", "E3") { $0.message + [0] },
  fault("e3-type", "The message is of another type.", "E3") { $0.message.with(4, at: 1) },
  fault("e3-succession-signature", "The founding key has not signed that.", "E3") { announced in
    announced.succeeded().flipped(-1)
  },
  fault("e3-succession-number", "A step is there that nobody signed as the second.", "E3") {
    announced in
    let message = announced.succeeded()
    let step = message.suffix(104)
    return message.dropLast(105) + [2] + step + step
  },
  fault("e3-succession-empty", "A succession of no identity.", "E3") { $0.message + [0] },
  fault("e3-succession-stranger", "A stranger names the KDC's key as its own successor.", "E3") {
    announced in
    announced.succeeded(by: World.secret("another identity")).flipped(-(8 + 64 + 1))
  },
  fault("e4-succession-of-another", "Another realm's identity, replaced by this KDC's key.", "E4") {
    announced in
    announced.succeeded(by: World.secret("another identity"))
  },
  fault("e4-other-realm", "An announcement of another KDC.", "E4") { announced in
    announced.signed(by: World.secret("another identity"))
  },
  fault("e4-over", "The time of the key was over five minutes ago.", "E4") { announced in
    announced.signed(notBefore: World.start - .hours(1), notAfter: World.start - .minutes(5))
  },
  fault("e4-not-yet", "The key's time begins in five minutes.", "E4") { announced in
    announced.signed(notBefore: World.start + .minutes(5), notAfter: World.start + .minutes(65))
  },
  fault("e4-backwards", "The key's time ends when it begins.", "E4") { announced in
    announced.signed(notBefore: World.start, notAfter: World.start)
  },
  fault("e4-long-life", "The key is good for more than a day.", "E4") { announced in
    announced.signed(
      notBefore: World.start, notAfter: World.start + .hours(24) + .milliseconds(1))
  },
]

/// An epoch key that can be announced in any way, while recording.
private struct Announced {
  let kdc: TapeCenter
  let key: EpochPublicKey

  var message: [UInt8] { signed() }

  /// The KDC's key, or another, has been replaced by a next one.
  func succeeded(by seed: consuming SecretBytes? = nil) -> [UInt8] {
    let founding = SigningKey(seed: seed ?? World.secret("kdc identity-seed"))
    let realm = Realm(identity: founding.publicKey)
    let next = SigningKey(seed: World.secret("next identity"))
    let succession = IdentitySuccession().continued(
      by: founding, with: next.publicKey, in: realm, at: World.start)
    let (notBefore, notAfter) = (World.start, World.start + .minutes(60))
    let content = EpochAnnouncement.signedContent(
      realm: realm, notBefore: notBefore, notAfter: notAfter, key: key)
    return EpochAnnouncement(
      identity: next.publicKey, notBefore: notBefore, notAfter: notAfter, key: key,
      signature: next.sign(content.bytes), succession: succession ?? IdentitySuccession()
    ).message
  }

  func signed(
    by seed: consuming SecretBytes? = nil, notBefore: Timestamp = World.start,
    notAfter: Timestamp = World.start + .minutes(60)
  ) -> [UInt8] {
    let identity = SigningKey(seed: seed ?? World.secret("kdc identity-seed"))
    let content = EpochAnnouncement.signedContent(
      realm: Realm(identity: identity.publicKey), notBefore: notBefore, notAfter: notAfter, key: key
    )
    return EpochAnnouncement(
      identity: identity.publicKey, notBefore: notBefore, notAfter: notAfter, key: key,
      signature: identity.sign(content.bytes)
    ).message
  }
}

private func fault(
  _ path: String, _ comment: String, _ step: String,
  message: @escaping @Sendable (Announced) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    let kdc = try TapeCenter(tape)
    try kdc.makeEpoch()
    guard let key = kdc.epochKey?.publicKey else { throw TranscriptProblem("no epoch key") }
    try tape.begin("client")
    let pinned = try tape.given("pinned-identity", kdc.realm.identity.bytes)
    guard let identity = VerifyingKey(pinned) else { throw TranscriptProblem("no identity") }
    let now = try tape.time("kdc-time", World.start)
    let announcement = try tape.given("announcement") {
      try message(Announced(kdc: kdc, key: key))
    }
    let announced: AnnouncedEpoch
    do throws(ExchangeFailure) { announced = try AnnouncedEpoch(announcement.bytes) } catch {
      return "E3"
    }
    return try refused(at: "E4", as: ExchangeFailure.self) {
      _ = try announced.accept(pinned: Realm(identity: identity), at: .kdcClock(now))
    }
  }
}
