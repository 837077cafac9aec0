import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("U1-U4: whether a peer's keys are believed")
struct PeerTrustTests {
  private let kdc: TestKDC
  private let bob: TestUser
  private let certificate: [UInt8]
  private let trust: PeerTrust

  init() throws {
    kdc = try TestKDC()
    bob = try TestUser("bob")
    certificate = kdc.center.keys.certificate(for: bob.name, identity: bob.identity.publicKey)
    trust = PeerTrust(realm: kdc.realm, own: try principal("alice"))
  }

  /// A claim for Bob, straight unless an argument bends it.
  private func claim(
    name: PrincipalName? = nil, identity: VerifyingKey? = nil, certificate: [UInt8]? = nil,
    loginKey: SignedLoginKey? = nil
  ) -> PeerClaim {
    PeerClaim(
      name: name ?? bob.name, identity: identity ?? bob.identity.publicKey,
      certificate: certificate ?? self.certificate, loginKey: loginKey ?? signed())
  }

  private func signed(
    by signer: TestUser? = nil, owner: PrincipalName? = nil, realm: Realm? = nil,
    issued: Timestamp? = nil, expires: Timestamp? = nil
  ) -> SignedLoginKey {
    var random = SeededRandom("login key")
    return SignedLoginKey(
      key: random.agreementKey().publicKey, issued: issued ?? kdc.now,
      expires: expires ?? kdc.now + .hours(11), keyVersion: 7, owner: owner ?? bob.name,
      realm: realm ?? kdc.realm, identity: (signer ?? bob).identity)
  }

  private func judge(
    _ claim: PeerClaim, pinned: VerifyingKey? = nil, at clocks: PeerTrust.Clocks? = nil
  ) -> PeerDistrust? {
    distrust { _ = try trust.judge(claim, pinned: pinned, at: clocks ?? kdc.clocks) }
  }

  @Test("A straight claim is believed, pinned or not")
  func straight() throws {
    #expect(judge(claim()) == nil)
    #expect(judge(claim(), pinned: bob.identity.publicKey) == nil)
    let peer = try trust.judge(
      claim(), pinned: bob.identity.publicKey, at: kdc.clocks)
    #expect(peer.isPinned)
    #expect(peer.name == bob.name)
    #expect(peer.identity == bob.identity.publicKey)
  }

  @Test("U1: one's own name, with whatever keys and pins")
  func ownName() throws {
    let own = try TestUser("alice")
    let certificate = kdc.center.keys.certificate(
      for: own.name, identity: own.identity.publicKey)
    let claim = claim(
      name: own.name, identity: own.identity.publicKey, certificate: certificate,
      loginKey: signed(by: own, owner: own.name))
    #expect(judge(claim) == .ownName)
    #expect(judge(claim, pinned: own.identity.publicKey) == .ownName)
  }

  @Test("U2: a pin decides, whatever the KDC certifies")
  func pinDecides() throws {
    let other = try TestUser("bob", variant: "another identity")
    let certified = kdc.center.keys.certificate(
      for: bob.name, identity: other.identity.publicKey)
    let changed = claim(
      identity: other.identity.publicKey, certificate: certified, loginKey: signed(by: other))
    #expect(judge(changed) == nil)
    #expect(judge(changed, pinned: bob.identity.publicKey) == .identityChanged)
    // And with a pin, no certificate is needed.
    let uncertified = claim(certificate: [UInt8](repeating: 0, count: 64))
    #expect(judge(uncertified, pinned: bob.identity.publicKey) == nil)
  }

  @Test("U2: no pin, and a certificate that is not this KDC's for this name and key")
  func notCertified() throws {
    let foreign = try TestKDC(seed: "another")
    let key = bob.identity.publicKey
    let proof = kdc.realm.identityProofContent(name: bob.name, identity: key)
    let wrong = [
      foreign.center.keys.certificate(for: bob.name, identity: key),
      kdc.center.keys.certificate(for: try principal("bobby"), identity: key),
      kdc.center.keys.certificate(for: bob.name, identity: foreign.realm.identity),
      bob.identity.sign(proof.bytes), [], [UInt8](repeating: 0, count: 64),
      certificate.dropLast(), certificate + [0],
    ]
    for certificate in wrong { #expect(judge(claim(certificate: certificate)) == .notCertified) }
  }

  @Test("U3: a login key that the identity did not sign, for this name in this realm")
  func notSigned() throws {
    let other = try TestUser("mallory")
    let foreign = try TestKDC(seed: "another")
    let straight = signed()
    var random = SeededRandom("other key")
    let bent = [
      signed(by: other), signed(owner: other.name), signed(realm: foreign.realm),
      straight.with(key: random.agreementKey().publicKey),
      straight.with(issued: straight.issued + .milliseconds(1)),
      straight.with(expires: straight.expires + .milliseconds(1)),
      straight.with(keyVersion: 8), straight.with(signature: []),
      straight.with(signature: straight.signature + [0]),
      straight.with(signature: [UInt8](repeating: 0, count: 64)),
    ]
    for key in bent {
      #expect(judge(claim(loginKey: key)) == .notSigned)
      #expect(judge(claim(loginKey: key), pinned: bob.identity.publicKey) == .notSigned)
    }
  }

  @Test("U4: by KDC time, five minutes either way")
  func currentByKDCTime() {
    let cases: [(issued: Int, expires: Int, isCurrent: Bool)] = [
      (0, 3_600_000, true), (300_000, 3_600_000, true), (300_001, 3_600_000, false),
      (-3_600_000, -300_000, true), (-3_600_000, -300_001, false),
    ]
    for (issued, expires, isCurrent) in cases {
      let key = signed(issued: moment(issued), expires: moment(expires))
      #expect(judge(claim(loginKey: key)) == (isCurrent ? nil : .notCurrent))
    }
  }

  @Test("U4: a malicious KDC sets its clock back: one's own clock has a say, a day either way")
  func ownClock() {
    let key = signed(issued: moment(0), expires: moment(3_600_000))
    let day = Interval.days(1)
    let cases: [(own: Timestamp, isCurrent: Bool)] = [
      (kdc.now, true), (kdc.now - day, true), (kdc.now - day - .milliseconds(1), false),
      (moment(3_600_000) + day, true), (moment(3_600_001) + day, false),
      (Timestamp(milliseconds: 0), false), (Timestamp(milliseconds: .max), false),
    ]
    for (own, isCurrent) in cases {
      let failure = judge(
        claim(loginKey: key), at: PeerTrust.Clocks(kdc: kdc.now, own: own))
      #expect(failure == (isCurrent ? nil : .notCurrent))
    }
    let failure = judge(
      claim(loginKey: key),
      at: PeerTrust.Clocks(kdc: kdc.now + .hours(2), own: kdc.now))
    #expect(failure == .notCurrent)
  }

  @Test("U4: a life of more than 32 days, or of none")
  func life() {
    let start = moment(0)
    let cases: [(Timestamp, PeerDistrust?)] = [
      (start + .days(32), nil), (start + .days(32) + .milliseconds(1), .notCurrent),
      (start, .notCurrent), (start - .milliseconds(1), .notCurrent),
      (Timestamp(milliseconds: .max), .notCurrent),
    ]
    for (expires, expected) in cases {
      #expect(judge(claim(loginKey: signed(issued: start, expires: expires))) == expected)
    }
    // No arithmetic on these overflows.
    let ages = signed(
      issued: Timestamp(milliseconds: .max), expires: Timestamp(milliseconds: .max))
    #expect(judge(claim(loginKey: ages)) == .notCurrent)
  }

  private func moment(_ offset: Int) -> Timestamp {
    Timestamp(milliseconds: UInt64(Int(kdc.now.milliseconds) + offset))
  }
}

extension SignedLoginKey {
  /// This key with a field exchanged, under the old signature.
  fileprivate func with(
    key: AgreementPublicKey? = nil, issued: Timestamp? = nil, expires: Timestamp? = nil,
    keyVersion: UInt32? = nil, signature: [UInt8]? = nil
  ) -> SignedLoginKey {
    SignedLoginKey(
      key: key ?? self.key, issued: issued ?? self.issued, expires: expires ?? self.expires,
      keyVersion: keyVersion ?? self.keyVersion, signature: signature ?? self.signature)
  }
}
