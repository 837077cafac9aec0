internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Wire

/// Asks the KDC for tickets for one peer, and decides whether to trust the keys that it tells.
struct PeerTickets {
  /// A ticket for a peer that is trusted, and the key that it was asked for with.
  struct Trusted: ~Copyable {
    let grant: SessionGrant
    let peer: TrustedPeer
    let ephemeral: AgreementKey
  }

  private static let patience = Interval.seconds(10)

  let peer: PrincipalName
  let purpose: Purpose
  private let signOn: SignOn
  private let peers: KnownPeers
  private let newPeers: NewPeers

  init(
    for peer: PrincipalName, _ purpose: Purpose, _ signOn: SignOn, state: StateFolder,
    newPeers: NewPeers, person: any Person
  ) {
    self.peer = peer
    self.purpose = purpose
    self.signOn = signOn
    self.newPeers = newPeers
    peers = KnownPeers(in: state, person: person)
  }

  /// Steps T1 to T5, and U1 to U4 and U6.
  ///
  /// - Parameter login: takes the place of one that the KDC does not accept any more, too.
  func next(
    _ login: inout Login, over link: inout KDCLink
  ) throws(ClientFailure) -> Trusted {
    while true {
      var random = SystemRandom()
      let ephemeral = AgreementKey(privateKey: random.secret(AgreementKey.byteCount))
      let grant = try ticket(for: ephemeral.publicKey, &login, over: &link)
      let peer = try judge(grant.peerClaim, by: &login.credential, &link)
      // While somebody was thinking, the ticket has grown old.
      if try admit(peer, in: login.credential.realm) { continue }
      return Trusted(grant: grant, peer: peer, ephemeral: ephemeral)
    }
  }

  private func ticket(
    for ephemeral: AgreementPublicKey, _ login: inout Login, over link: inout KDCLink
  ) throws(ClientFailure) -> SessionGrant {
    do throws(KDCFailure) {
      do throws(KDCFailure) {
        return try ticketOnce(for: ephemeral, &login.credential, over: &link)
      } catch {
        try signOn.recover(&login, from: error, over: &link, asking: true)
        return try ticketOnce(for: ephemeral, &login.credential, over: &link)
      }
    } catch {
      guard case .exchange(.peerNotPresent) = error else { throw error.failure(at: link.target) }
      throw ClientFailure(.receiverAbsent, absence, isPassing: purpose != .deposit)
    }
  }

  private var absence: String {
    switch purpose {
    case .session:
      "\(peer) is not receiving now, or there is no such user. Ask \(peer) to start receiving, and "
        + "send again."
    case .service: "\(peer) is not serving now, or there is no such service. Try again later."
    case .deposit:
      "Nothing can be left for \(peer), who takes no deposits, or there is no such user. "
        + "\(peer) takes them after \"client login\" or \"client receive\"."
    }
  }

  private func ticketOnce(
    for ephemeral: AgreementPublicKey, _ credential: inout Credential, over link: inout KDCLink
  ) throws(KDCFailure) -> SessionGrant {
    var random = SystemRandom()
    let granted = try link.grant(
      { now in
        credential.askForTicket(
          for: peer, purpose: purpose, ephemeral: ephemeral, at: now, random: &random)
      },
      { (next: borrowing ExpectTicket, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: granted.time)
    credential.renew(with: granted.renewal)
    return granted.value
  }

  private func judge(
    _ claim: PeerClaim, by credential: inout Credential, _ link: inout KDCLink
  ) throws(ClientFailure) -> TrustedPeer {
    let pin = try peers.pin(of: peer, in: credential.realm)
    let trust = PeerTrust(realm: credential.realm, own: credential.name)
    let clocks = PeerTrust.Clocks(kdc: link.clock.now, own: SystemClock.now)
    defer { credential.adopt(link.realm) }
    do {
      return try trust.judge(claim, pinned: pin?.identity, at: clocks) {
        link.successor(patience: Self.patience)
      }
    } catch {
      switch error {
      case .identityChanged: throw peers.changed(peer, line: pin?.line ?? 0)
      case .ownName: throw ClientFailure(.usage, "You cannot send to yourself.")
      case .notCurrent:
        throw ClientFailure(
          .receiverAbsent,
          "The key of \(peer) is out of date. Compare this machine's clock with the KDC's, or "
            + "ask \(peer) to start anew.")
      case .notCertified, .notSigned:
        throw ClientFailure(
          .kdcIdentity,
          "The KDC does not prove that the key it tells for \(peer) is \(peer)'s. Nothing "
            + "was sent. Ask its operator.")
      }
    }
  }

  /// Whether to go on with a peer who is new is settled before anything is sent.
  ///
  /// - Returns: whether a person was asked, which may have taken long.
  private func admit(_ peer: TrustedPeer, in realm: Realm) throws(ClientFailure) -> Bool {
    let isOpen = newPeers.verdict(on: peer) == .open
    guard try newPeers.admits(peer, in: realm) else {
      throw ClientFailure(
        .peerIdentityChanged,
        "\(peer.name) is new, and is refused (--new-peer). Nothing was sent. The KDC says that the "
          + "fingerprint is \(NewPeers.fingerprint(of: peer, in: realm)).")
    }
    return isOpen
  }
}
