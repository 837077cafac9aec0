internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// Finds a user who is receiving: asks the KDC for a session key, judges what it says of the user's
/// keys, and makes a session at one of the addresses that it vouches for.
struct ReceiverFinder {
  private static let patience = Interval.seconds(10)
  /// Each try takes a fresh ticket and at least one address; a KDC tells six.
  private static let tryLimit = 6

  private let receiver: PrincipalName
  private let signOn: SignOn
  private let peers: KnownPeers
  private let newPeers: NewPeers
  private let person: any Person

  init(
    _ receiver: PrincipalName, _ signOn: SignOn, state: StateFolder, newPeers: NewPeers,
    person: any Person
  ) {
    self.receiver = receiver
    self.signOn = signOn
    self.newPeers = newPeers
    self.person = person
    peers = KnownPeers(in: state, person: person)
  }

  /// Why there is no session at some addresses.
  private struct NoSession: Error {
    let addresses: [NetworkAddress]
    let reason: String
  }

  /// - Parameter login: takes the place of one that the KDC does not accept any more, too.
  func connect(
    _ login: inout Login, over link: inout KDCLink
  ) throws(ClientFailure) -> PeerConnection {
    var tried: [NetworkAddress] = []
    var reason = "The KDC tells no address of it."
    var admitted: VerifyingKey?
    for _ in 0..<Self.tryLimit {
      var random = SystemRandom()
      let ephemeral = AgreementKey(privateKey: random.secret(AgreementKey.byteCount))
      let grant = try ticket(for: ephemeral.publicKey, &login, over: &link)
      let peer = try judge(grant.peerClaim, by: &login.credential, &link)
      if admitted != peer.identity {
        let mayHaveAsked = try admit(peer, in: login.credential.realm)
        admitted = peer.identity
        // While somebody was thinking, the ticket has grown old.
        if mayHaveAsked { continue }
      }
      let addresses = grant.addresses.filter { !tried.contains($0) }
      guard !addresses.isEmpty else { break }
      do {
        let connection = try startSession(
          grant, at: addresses, with: peer, ephemeral, login.credential)
        try peers.pin(connection.session.peer, in: login.credential.realm, telling: person)
        return connection
      } catch let error as NoSession {
        tried += error.addresses
        reason = error.reason
        person.explain("no session at \(error.addresses): \(error.reason)")
      } catch let error as ClientFailure {
        throw error
      } catch {
        reason = "\(error)"
      }
    }
    throw absent(tried, reason)
  }

  /// Steps T1 to T5.
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
      throw ClientFailure(
        .receiverAbsent,
        "\(receiver) is not receiving now, or there is no such user. Ask \(receiver) to start "
          + "receiving, and send again.", isPassing: true)
    }
  }

  private func ticketOnce(
    for ephemeral: AgreementPublicKey, _ credential: inout Credential, over link: inout KDCLink
  ) throws(KDCFailure) -> SessionGrant {
    var random = SystemRandom()
    let granted = try link.grant(
      { now in
        credential.askForTicket(
          for: receiver, purpose: .session, ephemeral: ephemeral, at: now, random: &random)
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
    let pin = try peers.pin(of: receiver, in: credential.realm)
    let trust = PeerTrust(realm: credential.realm, own: credential.name)
    let clocks = PeerTrust.Clocks(kdc: link.clock.now, own: SystemClock.now)
    defer { credential.adopt(link.realm) }
    do {
      return try trust.judge(claim, pinned: pin?.identity, at: clocks) {
        link.successor(patience: Self.patience)
      }
    } catch {
      switch error {
      case .identityChanged: throw peers.changed(receiver, line: pin?.line ?? 0)
      case .ownName: throw ClientFailure(.usage, "You cannot send to yourself.")
      case .notCurrent:
        throw ClientFailure(
          .receiverAbsent,
          "The key of \(receiver) is out of date. Compare this machine's clock with the KDC's, or "
            + "ask \(receiver) to start receiving anew.")
      case .notCertified, .notSigned:
        throw ClientFailure(
          .kdcIdentity,
          "The KDC does not prove that the key it tells for \(receiver) is \(receiver)'s. Nothing "
            + "was sent. Ask its operator.")
      }
    }
  }

  /// Whether to go on with a receiver who is new is settled before anything is sent.
  ///
  /// - Returns: whether that may have taken long.
  private func admit(_ peer: TrustedPeer, in realm: Realm) throws(ClientFailure) -> Bool {
    guard try newPeers.admits(peer, in: realm) else {
      throw ClientFailure(
        .peerIdentityChanged,
        "\(receiver) is new, and is refused (--new-peer). Nothing was sent. The KDC says that the "
          + "fingerprint is \(NewPeers.fingerprint(of: peer, in: realm)).")
    }
    return !peer.isPinned && newPeers.policy == .ask
  }

  /// Steps P1 to P3.
  private func startSession(
    _ grant: consuming SessionGrant, at addresses: [NetworkAddress], with peer: TrustedPeer,
    _ ephemeral: consuming AgreementKey, _ credential: borrowing Credential
  ) throws(NoSession) -> PeerConnection {
    let stream = try reach(addresses)
    let reached = stream.peerAddress.map { [$0] } ?? addresses
    do {
      let outgoing = try credential.startSession(grant, with: peer, ephemeral: ephemeral)
      let message = outgoing.message
      try stream.sendPeerFrame(
        .handshakeMessage1, payload: message.bytes, stallLimit: Self.patience)
      let frame = try stream.receivePeerFrame(deadline: .after(Self.patience))
      guard frame.type == .handshakeMessage2 else { throw TransportFailure.malformedFrame }
      let session = try outgoing.next.receive(frame.payload.bytes)
      return PeerConnection(stream: stream, session: session)
    } catch let error as TransportFailure {
      throw NoSession(addresses: reached, reason: error.description)
    } catch {
      throw NoSession(addresses: reached, reason: "What answers there is not \(receiver).")
    }
  }

  private func reach(_ addresses: [NetworkAddress]) throws(NoSession) -> StreamConnection {
    do {
      return try .connect(toAny: addresses, deadline: .after(Self.patience))
    } catch {
      throw NoSession(addresses: addresses, reason: error.description)
    }
  }

  private func absent(_ tried: [NetworkAddress], _ reason: String) -> ClientFailure {
    let places = tried.isEmpty ? "" : " Tried \(tried.map(\.description).joined(separator: ", "))."
    return ClientFailure(
      .receiverAbsent,
      "\(receiver) cannot be reached.\(places) \(reason) If \(receiver) is behind a router or a "
        + "firewall, the port has to be let in or forwarded there (\"client doctor\" on that "
        + "machine tells), and --announce tells senders where. If \(receiver) knows another "
        + "identity of yours, its client run with --verbose says so.", isPassing: true)
  }
}
