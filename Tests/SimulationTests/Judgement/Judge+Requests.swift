import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

extension Judge {
  /// What a client asked.
  struct Request {
    enum Kind: CustomStringConvertible {
      case registration, login, change
      case announcement, withdrawal, reach
      case takeDeposits
      case ticket(Purpose, peer: PrincipalName, ephemeral: AgreementPublicKey)

      var description: String {
        switch self {
        case .registration: "registration"
        case .login: "login"
        case .change: "change"
        case .announcement: "announcement"
        case .withdrawal: "withdrawal"
        case .reach: "reach"
        case .takeDeposits: "taking of deposits"
        case .ticket(let purpose, let peer, _): "\(purpose) ticket for \(peer)"
        }
      }
    }

    let kind: Kind
    let name: PrincipalName
    let askedAt: Timestamp
    /// That the request is proven with, or the login that it was made under.
    let keyVersion: UInt32
    /// Of the login that it was made under.
    let loginEnd: Timestamp?
    /// Which process of the KDC granted it.
    var servedBy: Int?
  }

  struct IssuedTicket {
    let initiator: PrincipalName
    let responder: PrincipalName
    let ephemeral: [UInt8]
    let issued: Timestamp
  }

  struct KnownPresence {
    var announced: Timestamp
    let loginEnd: Timestamp
    let keyVersion: UInt32
    var withdrawn: Timestamp?
  }

  func asked(
    _ message: [UInt8], by person: Person, _ kind: Request.Kind, keyVersion: UInt32,
    loginEnd: Timestamp? = nil
  ) {
    requests[message] = Request(
      kind: kind, name: person.name, askedAt: world.now, keyVersion: keyVersion,
      loginEnd: loginEnd)
  }

  func loginEnd(of message: [UInt8]) -> Timestamp? { requests[message]?.loginEnd }

  /// When a change of secret was asked for.
  func changeTime(of message: [UInt8]) -> Timestamp? {
    guard case .change? = requests[message]?.kind else { return nil }
    return requests[message]?.askedAt
  }

  func epochEnd(of message: [UInt8]) -> Timestamp? {
    message.count > 10 ? epochEnds[[UInt8](message[2..<10])] : nil
  }

  /// A new process of the KDC takes over presence from the file of the one before.
  func restarted() {
    for name in [PrincipalName](presences.keys) where presences[name]?.withdrawn == nil {
      presences[name]?.announced = world.now
    }
  }

  /// The KDC is about to connect to an address, for a request.
  func probed(_ address: NetworkAddress, for packet: Packet) {
    guard case .reach? = requests[packet.bytes]?.kind, !packet.isDatagram,
      address.ip == packet.from.address.ip
    else { return report(.probedUnasked, "\(address)") }
  }

  /// The KDC has come to the end of a request.
  func answered(_ packet: Packet, with answer: CenterAnswer) {
    guard let message = answer.message, packet.bytes.count > 1 else { return }
    switch MessageType(rawValue: packet.bytes[1]) {
    case .epochRequest: announcedEpoch(message)
    case .sealedRequest:
      switch answer.event?.kind {
      case .registered, .loggedIn, .secretChanged: granted(packet.bytes, answer, isSealed: true)
      default: break
      }
    case .grantingRequest:
      if case .refused? = answer.event?.kind { return }
      granted(packet.bytes, answer, isSealed: false)
    default: break
    }
  }

  private func announcedEpoch(_ message: [UInt8]) {
    do {
      var reader = ByteReader(message.bytes)
      guard try reader.messageType() == .epochReply else { return }
      let epoch = try EpochAnnouncement(from: &reader)
      let exchange = SealedExchange(
        realm: Realm(identity: epoch.identity), epochKey: epoch.key)
      epochEnds[exchange.epochID] = epoch.notAfter
    } catch {
      report(.requestForged, "the KDC's announcement cannot be read")
    }
  }

  private func granted(_ message: [UInt8], _ answer: CenterAnswer, isSealed: Bool) {
    world.count(.served)
    guard let request = requests[message] else { return report(.requestForged, "a stranger's") }
    let what = "\(request.name)'s \(request.kind)"
    let present = world.center.incarnation
    // A restart forgets what was granted under TGTs; sealed requests die with their epoch key. What
    // was stamped before it is refused, but for a clock that runs ahead of the KDC's.
    let mayBeStampedLater =
      request.askedAt + .milliseconds(UInt64(Person.skewLimit)) >= world.center.startedAt
    if let before = request.servedBy, isSealed || before == present || !mayBeStampedLater {
      report(isSealed ? .sealedRequestServedTwice : .grantingRequestServedTwice, what)
    }
    requests[message]?.servedBy = present
    var now = world.now
    // What is judged is when it was decided to connect.
    if case .reach = request.kind { now = now - CenterPolicy().probePatience }
    if isOutdated(request.keyVersion, of: request.name, at: now) { report(.oldSecretServed, what) }
    if isSealed {
      guard let end = epochEnd(of: message), now <= end + Self.slack else {
        return report(.grantedAfterEpochEnd, what)
      }
      return
    }
    let window = CenterPolicy().requestTolerance + .milliseconds(UInt64(Person.skewLimit))
    if now.since(request.askedAt) > window + Self.slack { report(.oldRequestServed, what) }
    guard let loginEnd = request.loginEnd, now <= loginEnd + Self.slack else {
      return report(.grantedAfterLoginEnd, what)
    }
    switch request.kind {
    case .announcement:
      presences[request.name] = KnownPresence(
        announced: now, loginEnd: loginEnd, keyVersion: request.keyVersion)
    case .withdrawal: presences[request.name]?.withdrawn = now
    case .reach: break
    case .takeDeposits: takesDeposits(request.name, keyVersion: request.keyVersion)
    case .ticket(let purpose, let peer, let ephemeral):
      issued(answer, purpose, to: request.name, for: peer, ephemeral)
    case .registration, .login, .change: report(.requestForged, what)
    }
  }

  private func issued(
    _ answer: CenterAnswer, _ purpose: Purpose, to initiator: PrincipalName,
    for peer: PrincipalName, _ ephemeral: AgreementPublicKey
  ) {
    guard case .keyIssued(purpose, let id)? = answer.event?.kind, answer.event?.peer == peer,
      answer.event?.name == initiator
    else { return report(.requestForged, "\(initiator) gets something else than a ticket") }
    let now = world.now
    if purpose == .deposit { return issuedForDeposit(peer, at: now) }
    tickets[id] = IssuedTicket(
      initiator: initiator, responder: peer, ephemeral: ephemeral.bytes, issued: now)
    issueTimes[ephemeral.bytes] = now
    let end = MemoryDirectory.presenceLifetime + Self.slack
    guard let presence = presences[peer], now.since(presence.announced) <= end,
      now <= presence.loginEnd + Self.slack,
      now <= (presence.withdrawn ?? now) + Self.slack
    else { return report(.grantedForAbsentPeer, "\(peer)") }
    if isOutdated(presence.keyVersion, of: peer, at: now) {
      report(.grantedForOldPresence, "\(peer)")
    }
  }
}
