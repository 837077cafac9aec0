import Cryptography
import KeyDistribution
import SecretMemory
import Wire

/// A login in use: asks the KDC, receives and sends.
final class Login {
  let person: Person
  private(set) var credential: Credential
  let keyVersion: UInt32
  /// Whether the KDC knows that we receive.
  private(set) var isReceiving = false
  var cache: SessionReplayCache

  private var world: World { person.world }

  init(_ person: Person, _ credential: consuming Credential, keyVersion: UInt32) {
    self.person = person
    self.keyVersion = keyVersion
    self.credential = credential
    cache = SessionReplayCache(now: person.clock)
  }

  func renew(with renewal: consuming Renewal) { credential.renew(with: renewal) }

  // MARK: Presence

  /// A1, every minute for as long as the login is good.
  func keepAnnouncing() {
    guard person.login === self else { return }
    // Listening begins before the announcement.
    isReceiving = true
    let attempt = GrantingAttempt<ExpectAnnouncement, NetworkAddress>(self, .announcement) {
      [self] in
      credential.announce(port: 60_000, addresses: [], at: person.clock, random: &world.keys)
    } read: {
      (next, message) throws(ExchangeFailure) in
      try next.receive(message.bytes)
    } granted: { [self] granted in
      world.note(.announced, "\(person.endpoint)")
      renew(with: granted.renewal)
    }
    attempt.start()
    world.after(.seconds(60)) { [weak self] _ in self?.keepAnnouncing() }
  }

  /// D1: whether the KDC can connect here.
  func askForReach() {
    let attempt = GrantingAttempt<ExpectReach, Reach>(self, .reach, byStreamOnly: true) {
      [self] in
      credential.askForReach(port: 60_000, at: person.clock, random: &world.keys)
    } read: {
      (next, message) throws(ExchangeFailure) in
      try next.receive(message.bytes)
    } granted: { [self] granted in
      world.note(.probed, "\(person.endpoint) \(granted.value.isReached)")
      renew(with: granted.renewal)
    }
    attempt.start()
  }

  /// W1, and no more.
  func withdraw() {
    let asked = credential.withdraw(at: person.clock, random: &world.keys)
    world.judge.asked(
      asked.message, by: person, .withdrawal, keyVersion: keyVersion, loginEnd: credential.end)
    person.send(
      asked.message, to: .center(person.place), channel: world.newChannel(), isDatagram: true)
  }

  // MARK: Tickets

  /// Steps T1 to T5, then `use` with what was granted.
  func askForTicket(
    _ peer: PrincipalName, _ purpose: Purpose = .session, ephemeral: AgreementPublicKey,
    then use: @escaping (consuming SessionGrant) -> Void
  ) {
    let attempt = GrantingAttempt<ExpectTicket, SessionGrant>(
      self, .ticket(purpose, peer: peer, ephemeral: ephemeral)
    ) { [self] in
      credential.askForTicket(
        for: peer, purpose: purpose, ephemeral: ephemeral, at: person.clock,
        random: &world.keys)
    } read: {
      (next, message) throws(ExchangeFailure) in
      try next.receive(message.bytes)
    } granted: { [self] granted in
      world.note(.ticketed, "\(person.endpoint) for \(peer), \(purpose)")
      let renewal = granted.renewal
      let grant = granted.value
      renew(with: renewal)
      use(grant)
    }
    attempt.start()
  }

  /// Asks for a ticket and sends a file with it.
  func sendFile(to peer: PrincipalName, ephemeral: consuming AgreementKey) {
    let key = Held(ephemeral)
    askForTicket(peer, ephemeral: key.value.publicKey) { [self] grant in
      do {
        let trusted = try trust(grant)
        let address = Endpoint(grant.addresses.first)
        world.judge.initiates(key.value.publicKey)
        let started = try credential.startSession(
          grant, with: trusted, ephemeral: key.value.duplicate())
        SendingSession(self, peer: trusted, at: address).start(started)
      } catch {
        if let error = error as? PeerDistrust, error == .identityChanged {
          world.count(.distrusted)
        }
        world.note(.refused, "\(person.endpoint) to \(peer): \(error)")
      }
    }
  }

  func trust(_ grant: borrowing SessionGrant) throws -> TrustedPeer {
    let pin = world.plant == .senderIgnoresPins ? nil : try person.device.pin(of: grant.peer)
    let peer = try PeerTrust(realm: credential.realm, own: person.name).judge(
      grant.peerClaim, pinned: pin, at: person.clocks)
    world.judge.believes(person, peer)
    return peer
  }
}

/// A value with one owner where only a reference can go.
final class Held<Value: ~Copyable> {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}
