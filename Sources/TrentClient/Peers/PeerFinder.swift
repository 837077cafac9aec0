internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Makes a session with a peer: by a ticket of the KDC's, at one of the addresses that it vouches
/// for.
struct PeerFinder {
  private static let usualPatience = Interval.seconds(10)
  /// Each try takes a fresh ticket and at least one address; a KDC tells six.
  private static let tryLimit = 6

  private let peer: PrincipalName
  private let purpose: Purpose
  private let signOn: SignOn
  private let state: StateFolder
  private let newPeers: NewPeers
  private let person: any Person
  private let patience: Interval

  /// - Parameters:
  ///   - purpose: `session` for a user who receives, `service` for who serves.
  ///   - patience: how long the peer may take to answer, where that is not the usual time.
  init(
    _ peer: PrincipalName, for purpose: Purpose = .session, _ signOn: SignOn, state: StateFolder,
    newPeers: NewPeers, person: any Person, patience: Interval? = nil
  ) {
    self.patience = patience ?? Self.usualPatience
    self.peer = peer
    self.purpose = purpose
    self.signOn = signOn
    self.state = state
    self.newPeers = newPeers
    self.person = person
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
    let tickets = PeerTickets(
      for: peer, purpose, signOn, state: state, newPeers: newPeers, person: person)
    var tried: [NetworkAddress] = []
    var reason = "The KDC tells no address of it."
    for _ in 0..<Self.tryLimit {
      let ticket = try tickets.next(&login, over: &link)
      let addresses = ticket.grant.addresses.filter { !tried.contains($0) }
      guard !addresses.isEmpty else { break }
      do {
        let connection = try startSession(ticket, at: addresses, login.credential)
        try KnownPeers(in: state, person: person).pin(
          connection.session.peer, in: login.credential.realm, telling: person)
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

  /// Steps P1 to P3.
  private func startSession(
    _ ticket: consuming PeerTickets.Trusted, at addresses: [NetworkAddress],
    _ credential: borrowing Credential
  ) throws(NoSession) -> PeerConnection {
    let stream = try reach(addresses)
    let reached = stream.peerAddress.map { [$0] } ?? addresses
    do {
      let outgoing = try credential.startSession(
        ticket.grant, with: ticket.peer, ephemeral: ticket.ephemeral)
      let message = outgoing.message
      try stream.sendPeerFrame(
        .handshakeMessage1, payload: message.bytes, stallLimit: patience)
      let frame = try stream.receivePeerFrame(deadline: .after(patience))
      guard frame.type == .handshakeMessage2 else { throw TransportFailure.malformedFrame }
      let session = try outgoing.next.receive(frame.payload.bytes)
      return PeerConnection(stream: stream, session: session)
    } catch let error as TransportFailure {
      throw NoSession(addresses: reached, reason: error.description)
    } catch {
      throw NoSession(addresses: reached, reason: "What answers there is not \(peer).")
    }
  }

  private func reach(_ addresses: [NetworkAddress]) throws(NoSession) -> StreamConnection {
    do {
      return try .connect(toAny: addresses, deadline: .after(patience))
    } catch {
      throw NoSession(addresses: addresses, reason: error.description)
    }
  }

  private func absent(_ tried: [NetworkAddress], _ reason: String) -> ClientFailure {
    let places = tried.isEmpty ? "" : " Tried \(tried.map(\.description).joined(separator: ", "))."
    return ClientFailure(
      .receiverAbsent,
      "\(peer) cannot be reached.\(places) \(reason) If \(peer) is behind a router or a "
        + "firewall, the port has to be let in or forwarded there (\"client doctor\" on that "
        + "machine tells), and --announce tells senders where. If \(peer) knows another "
        + "identity of yours, its program run with --verbose says so.", isPassing: true)
  }
}
