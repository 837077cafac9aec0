import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A KDC with its store and a virtual clock, driven to the end of every request. Nothing of it is a
/// mock but the store.
final class TestKDC {
  let center: KeyDistributionCenter
  var directory = MemoryDirectory()
  var random: SeededRandom
  var now: Timestamp
  /// What the machine would have logged, in order.
  private(set) var events: [CenterEvent] = []

  /// Where the machine wanted a connection to be tried, in order.
  private(set) var probes: [NetworkAddress] = []
  /// Where somebody listens.
  var listeners: Set<NetworkAddress> = []

  /// 2026-01-01 00:00:00 UTC.
  static let start = Timestamp(milliseconds: 1_767_225_600_000)
  static let client = [UInt8]([192, 0, 2, 7])
  let source: NetworkAddress

  init(
    seed: String = "kdc", policy: CenterPolicy = CenterPolicy(), now: Timestamp = TestKDC.start
  ) throws {
    random = SeededRandom(seed)
    self.now = now
    source = try address(Self.client, port: 40_000)
    let period = now.milliseconds / Interval.hours(1).milliseconds
    let material = KDCKeyMaterial.generate(period: period, random: &random)
    center = KeyDistributionCenter(material, policy: policy, now: now)
    _ = center.maintain(at: now, random: &random)
  }

  var realm: Realm { center.keys.realm }

  /// Why the last request was refused; nil if it was not.
  var lastRefusal: CenterEvent.Reason? {
    guard case .refused(let reason)? = events.last?.kind else { return nil }
    return reason
  }

  /// Puts another identity in the place of the present one.
  ///
  /// - Returns: the realm with the identity of before.
  @discardableResult
  func replaceIdentity() throws -> Realm {
    let before = realm
    let seed = random.secret(32)
    let next = SigningKey(seed: seed).publicKey
    guard let succession = center.keys.succession(by: next, at: now),
      center.keys.adoptIdentity(seed, succession)
    else { throw BadTest("no other identity") }
    return before
  }

  func advance(_ interval: Interval) { now = now + interval }

  /// Takes one message through `receive`, `resume` and `finish`.
  func handle(
    _ message: [UInt8], from source: NetworkAddress? = nil, isDatagram: Bool = false
  ) -> CenterAnswer {
    let answer = answer(message, from: source ?? self.source, isDatagram: isDatagram)
    if let event = answer.event { events.append(event) }
    return answer
  }

  private func answer(
    _ message: [UInt8], from source: NetworkAddress, isDatagram: Bool
  ) -> CenterAnswer {
    let step = center.receive(
      message.bytes, from: source, isDatagram: isDatagram, at: now, random: &random)
    guard case .lookUp(let query, let request) = step else {
      guard case .answer(let answer) = step else { preconditionFailure("a step of two kinds") }
      return answer
    }
    let decision = center.resume(
      request, with: directory.lookUp(query), at: now, random: &random)
    switch decision {
    case .answer(let answer): return answer
    case .change(let change, let pending):
      let outcome = directory.apply(change)
      return center.finish(pending, outcome: outcome, at: now, random: &random)
    case .probe(let address, _, let pending):
      probes.append(address)
      let isReached = listeners.contains(address)
      return center.finish(pending, isReached: isReached, at: now, random: &random)
    }
  }

  /// The message that answers, where one must come.
  func reply(
    to message: [UInt8], from source: NetworkAddress? = nil, isDatagram: Bool = false
  ) throws -> [UInt8] {
    guard let reply = handle(message, from: source, isDatagram: isDatagram).message else {
      throw BadTest("the KDC says nothing")
    }
    return reply
  }

  /// The message that answers when the records cannot be had.
  func giveUp(on message: [UInt8]) throws -> [UInt8] {
    let step = center.receive(
      message.bytes, from: source, isDatagram: false, at: now, random: &random)
    guard case .lookUp(_, let request) = step,
      let reply = center.giveUp(request, at: now, random: &random).message
    else { throw BadTest("the KDC needs no records") }
    // A request is resumed once.
    let again = center.giveUp(request, at: now, random: &random)
    guard again.message == nil else { throw BadTest("a request was answered twice") }
    return reply
  }

  /// A user as the operator makes one: without an identity key.
  func makeWithoutIdentity(_ user: TestUser) throws {
    let salt = try salt(of: user.name)
    directory.put(
      UserRecord(
        name: user.name, address: source, keyVersion: salt.keyVersion,
        parameters: salt.parameters, salt: salt.salt,
        sealedDigest: center.keys.sealDigest(
          user.digest, name: user.name, keyVersion: salt.keyVersion, random: &random),
        identity: nil, certificate: [], state: .active))
  }

  // MARK: Whole exchanges

  /// Steps E1 to E4.
  func epoch() throws -> VerifiedEpoch {
    let announced = try AnnouncedEpoch(reply(to: AnnouncedEpoch.request))
    return try announced.accept(pinned: realm, at: .kdcClock(now))
  }

  /// Steps S1 and S2.
  func salt(of name: PrincipalName) throws -> SaltReply {
    let asked = try epoch().askForSalt(of: name)
    return try asked.next.receive(reply(to: asked.message)).value
  }

  /// Steps R1 to R4.
  func register(_ user: TestUser) throws {
    let asked = try epoch().register(
      user.name, salt: salt(of: user.name), digest: user.digest, identity: user.identity,
      port: 60_000)
    _ = try asked.next.receive(reply(to: asked.message))
  }

  /// Step L1.
  func loginRequest(
    _ user: TestUser, lifetime: Interval = .hours(10), keyLifetime: Interval? = nil,
    keyVersion: UInt32? = nil
  ) throws -> Outgoing<ExpectLogin> {
    try epoch().logIn(
      user.name, keyVersion: keyVersion ?? salt(of: user.name).keyVersion, digest: user.digest,
      identity: user.identity, loginKey: random.agreementKey(), lifetime: lifetime,
      keyLifetime: keyLifetime, at: now)
  }

  /// Steps L1 to L3.
  func logIn(_ user: TestUser, lifetime: Interval = .hours(10)) throws -> Credential {
    let asked = try loginRequest(user, lifetime: lifetime)
    return try asked.next.receive(reply(to: asked.message))
  }

  /// Step C1: from the secret of one user to that of the other.
  func changeRequest(
    _ old: TestUser, to new: TestUser, keyVersion: UInt32? = nil, at time: Timestamp? = nil
  ) throws -> Outgoing<ExpectChange> {
    let told = try salt(of: old.name)
    return try epoch().changeSecret(
      of: old.name,
      salt: SaltReply(
        parameters: told.parameters, salt: told.salt, keyVersion: keyVersion ?? told.keyVersion),
      from: old.digest, to: new.digest, identity: old.identity, at: time ?? now)
  }

  /// Steps C1 to C3.
  ///
  /// - Returns: the user with the new secret, and the same identity key.
  @discardableResult
  func changeSecret(of user: TestUser, to new: TestUser) throws -> TestUser {
    let asked = try changeRequest(user, to: new)
    _ = try asked.next.receive(reply(to: asked.message))
    return user.with(digestOf: new)
  }

  /// Registers and logs in.
  func member(_ name: String) throws -> Credential {
    let user = try TestUser(name)
    try register(user)
    return try logIn(user)
  }

  /// Steps A1 to A3, by datagram.
  func announce(_ credential: borrowing Credential) throws {
    let asked = credential.announce(port: 60_000, addresses: [], at: now, random: &random)
    _ = try asked.next.receive(reply(to: asked.message, isDatagram: true))
  }

  /// Steps T1 to T5, by datagram.
  func grant(
    _ credential: borrowing Credential, for peer: PrincipalName, ephemeral: AgreementPublicKey,
    purpose: Purpose = .session
  ) throws -> Granted<SessionGrant> {
    let asked = credential.askForTicket(
      for: peer, purpose: purpose, ephemeral: ephemeral, at: now, random: &random)
    return try asked.next.receive(reply(to: asked.message, isDatagram: true))
  }

  /// Both clocks of a peer that agrees with this KDC.
  var clocks: PeerTrust.Clocks { PeerTrust.Clocks(kdc: now, own: now) }
}
