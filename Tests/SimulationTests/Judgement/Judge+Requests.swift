import Cryptography
import SecretMemory
import Wire

@testable import Directory
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
    /// By the clock of who asked.
    let askedAt: Timestamp
    /// That the request is proven with, or the login that it was made under.
    let keyVersion: UInt32
    /// Of the login that it was made under.
    let loginEnd: Timestamp?
    /// Which processes granted it.
    var servedBy: [Service] = []

    struct Service {
      let center: Int
      let incarnation: Int
      /// By how much the clock of that KDC had been set back.
      let setBack: Int
    }
  }

  struct IssuedTicket {
    let initiator: PrincipalName
    let responder: PrincipalName
    let ephemeral: [UInt8]
    let issued: Timestamp
  }

  struct KnownPresence {
    var announced: Timestamp
    var loginEnd: Timestamp
    /// Of all logins that were present: one of before comes back when a newer one is lost.
    var latestEnd: Timestamp
    let keyVersion: UInt32
    /// In true time.
    var withdrawn: Timestamp?

    /// The newest one is lost, perhaps.
    mutating func mayComeBack() { loginEnd = latestEnd }
  }

  func asked(
    _ message: [UInt8], by person: Person, _ kind: Request.Kind, keyVersion: UInt32,
    loginEnd: Timestamp? = nil
  ) {
    requests[message] = Request(
      kind: kind, name: person.name, askedAt: person.clock, keyVersion: keyVersion,
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

  /// Something has come to be in the realm, whether or not anybody will hear of it.
  ///
  /// - Parameter now: by the clock of the KDC that made it.
  func written(_ change: DirectoryChange, at now: Timestamp) {
    switch change {
    case .announce(let record):
      let latestEnd = max(record.loginEnd, presences[record.name]?.latestEnd ?? record.loginEnd)
      presences[record.name] = KnownPresence(
        announced: now, loginEnd: record.loginEnd, latestEnd: latestEnd,
        keyVersion: record.keyVersion)
    case .withdraw(let name, _): presences[name]?.withdrawn = world.now
    case .takeDeposits(let record): depositVersions[record.name] = record.keyVersion
    case .register, .registerInvited, .update: break
    }
  }

  /// A store's primary is lost, and presence of its last second with it.
  func promoted() {
    promotions.append(world.now)
    for name in [PrincipalName](presences.keys) {
      presences[name]?.mayComeBack()
    }
  }

  /// A new process of a KDC takes over presence from the file of the one before, which was written
  /// without waiting for the disk.
  func restarted(_ center: SimulatedCenter) {
    checkedVersion = nil
    guard !world.weather.hasReplicas else { return }
    for name in [PrincipalName](presences.keys) {
      // A withdrawal may be lost, as long as nobody has waited for the file.
      if let withdrawn = presences[name]?.withdrawn, withdrawn < presenceWritten { continue }
      presences[name]?.withdrawn = nil
      presences[name]?.announced = center.now
      presences[name]?.mayComeBack()
    }
    presenceWritten = world.now
  }

  /// The KDC is about to connect to an address, for a request.
  func probed(_ address: NetworkAddress, for packet: Packet) {
    guard case .reach? = requests[packet.bytes]?.kind, !packet.isDatagram,
      address.ip == packet.from.address.ip
    else { return report(.probedUnasked, "\(address)") }
  }

  /// The KDC has come to the end of a request.
  func answered(_ packet: Packet, by center: SimulatedCenter, with answer: CenterAnswer) {
    guard let message = answer.message, packet.bytes.count > 1 else { return }
    switch MessageType(rawValue: packet.bytes[1]) {
    case .epochRequest: announcedEpoch(message)
    case .sealedRequest:
      switch answer.event?.kind {
      case .registered, .loggedIn, .secretChanged:
        granted(packet.bytes, answer, center, isSealed: true)
      default: break
      }
    case .grantingRequest:
      if case .refused? = answer.event?.kind { return }
      granted(packet.bytes, answer, center, isSealed: false)
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

  private func granted(
    _ message: [UInt8], _ answer: CenterAnswer, _ center: SimulatedCenter, isSealed: Bool
  ) {
    world.count(.served)
    guard let request = requests[message] else { return report(.requestForged, "a stranger's") }
    let what = "\(request.name)'s \(request.kind)"
    if isServedAgain(request, by: center, isSealed: isSealed) {
      report(isSealed ? .sealedRequestServedTwice : .grantingRequestServedTwice, what)
    }
    requests[message]?.servedBy.append(
      Request.Service(
        center: center.index, incarnation: center.incarnation, setBack: center.setBack))
    var moment = world.now
    // What is judged is when it was decided to connect.
    if case .reach = request.kind { moment = moment - CenterPolicy().probePatience }
    if isOutdated(
      request.keyVersion, of: request.name, at: moment, within: isSealed ? slack : staleness)
    {
      report(.oldSecretServed, what)
    }
    judgeTime(request, message, center, isSealed: isSealed, what)
    switch request.kind {
    case _ where isSealed: break
    case .announcement, .withdrawal, .reach, .takeDeposits: break
    case .ticket(let purpose, let peer, let ephemeral):
      issued(answer, purpose, to: request.name, for: peer, ephemeral, by: center)
    case .registration, .login, .change: report(.requestForged, what)
    }
  }

  /// A sealed request is served once: its epoch key is one process's. One under a ticket-granting
  /// ticket is served once by each KDC (OPERATIONS.md), and by a process of after it was made: what
  /// was asked before may have been served. What a KDC whose clock is set back has forgotten is
  /// served again.
  private func isServedAgain(
    _ request: Request, by center: SimulatedCenter, isSealed: Bool
  ) -> Bool {
    guard !isSealed else { return !request.servedBy.isEmpty }
    let services = request.servedBy.filter { $0.center == center.index }
    let window = CenterPolicy().requestTolerance.milliseconds
    if services.contains(where: { service in
      service.incarnation == center.incarnation
        && UInt64(center.setBack - service.setBack) < window
    }) {
      return true
    }
    return services.contains { service in
      service.incarnation != center.incarnation && center.setBack == service.setBack
        && request.askedAt < center.startedAt
    }
  }

  private func judgeTime(
    _ request: Request, _ message: [UInt8], _ center: SimulatedCenter, isSealed: Bool,
    _ what: String
  ) {
    // It may have been decided before the clock was set.
    guard world.now.since(center.lastJump) > .seconds(10) else { return }
    var now = center.now
    if case .reach = request.kind { now = now - CenterPolicy().probePatience }
    if isSealed {
      guard let end = epochEnd(of: message), now <= end + slack else {
        return report(.grantedAfterEpochEnd, what)
      }
      return
    }
    if now.since(request.askedAt) > CenterPolicy().requestTolerance + slack {
      report(.oldRequestServed, what)
    }
    guard let loginEnd = request.loginEnd, now <= loginEnd + slack else {
      return report(.grantedAfterLoginEnd, what)
    }
  }

  private func issued(
    _ answer: CenterAnswer, _ purpose: Purpose, to initiator: PrincipalName,
    for peer: PrincipalName, _ ephemeral: AgreementPublicKey, by center: SimulatedCenter
  ) {
    guard case .keyIssued(purpose, let id)? = answer.event?.kind, answer.event?.peer == peer,
      answer.event?.name == initiator
    else { return report(.requestForged, "\(initiator) gets something else than a ticket") }
    if purpose == .deposit { return issuedForDeposit(peer) }
    let now = center.now
    tickets[id] = IssuedTicket(
      initiator: initiator, responder: peer, ephemeral: ephemeral.bytes, issued: now)
    issueTimes[ephemeral.bytes] = now
    guard world.now.since(center.lastJump) > .seconds(10) else { return }
    let latest = staleness + disagreement
    let end = PresenceTable.lifetime + latest
    guard let presence = presences[peer], now.since(presence.announced) <= end,
      now <= presence.loginEnd + latest, !isWithdrawn(presence, within: latest)
    else { return report(.grantedForAbsentPeer, "\(peer): \(text(presences[peer], now))") }
    if isOutdated(presence.keyVersion, of: peer, at: world.now, within: staleness) {
      report(.grantedForOldPresence, "\(peer)")
    }
  }

  private func text(_ presence: KnownPresence?, _ now: Timestamp) -> String {
    guard let presence else { return "never present" }
    let withdrawn = presence.withdrawn.map { "\(world.now.since($0).milliseconds)" } ?? "not"
    return "announced \(now.since(presence.announced).milliseconds) ms ago, login over "
      + "\(now.since(presence.loginEnd).milliseconds) ms ago, withdrawn \(withdrawn) ms ago"
  }

  /// Presence may be lost with a store's primary, a withdrawal of the last second too.
  private func isWithdrawn(_ presence: KnownPresence, within slack: Interval) -> Bool {
    guard let withdrawn = presence.withdrawn else { return false }
    let isLost = promotions.contains { $0 >= withdrawn && $0.since(withdrawn) < .seconds(2) }
    return world.now > withdrawn + slack && !isLost
  }
}
