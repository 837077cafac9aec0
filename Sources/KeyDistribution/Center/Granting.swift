internal import Cryptography
internal import SecretMemory
internal import Wire

/// A granting request that has been verified, and what its answer needs.
struct PendingGranting: ~Copyable, Sendable {
  let exchange: GrantingExchange
  let ticket: TicketGrantingTicket
  let request: GrantingRequest
  let source: NetworkAddress

  /// Seals a reply. One of the kinds that carry a renewal brings a fresh ticket-granting ticket.
  func reply(
    _ kind: GrantingReplyKind, from center: KeyDistributionCenter, at now: Timestamp,
    random: inout some RandomSource, body: (inout ByteWriter) -> Void = { _ in }
  ) -> [UInt8] {
    let nonce: FixedBytes<16> = random.fixedBytes()
    // The longest reply, so that nothing is moved: every part is written, and sealed, in its place.
    var message = ByteWriter(message: .grantingReply, capacity: 1280)
    message.bytes(nonce.bytes)
    let header = FixedBytes<18>(padding: message.written)
    message.uint8(kind.rawValue)
    message.timestamp(now)
    if kind.carriesRenewal {
      renew(
        random.secret(32), under: center.currentTicketGrantingKey(at: now), to: &message,
        random: &random)
    }
    body(&message)
    exchange.replyKey(ticket.requestKey, responseNonce: nonce.bytes)
      .seal(&message, from: header.bytes.byteCount, authenticating: header.bytes)
    return message.publicBytes()
  }

  /// Writes a request key and the ticket-granting ticket that has it.
  private func renew(
    _ requestKey: borrowing SecretBytes, under key: TicketGrantingKey,
    to message: inout ByteWriter, random: inout some RandomSource
  ) {
    message.bytes(requestKey.bytes)
    ticket.write(to: &message, requestKey: requestKey.bytes, under: key, random: &random)
  }

  /// A reply that grants nothing, with its reason for the log.
  func answer(
    _ kind: GrantingReplyKind, reason: CenterEvent.Reason, peer: PrincipalName? = nil,
    from center: KeyDistributionCenter, at now: Timestamp, random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      reply(kind, from: center, at: now, random: &random),
      event: CenterEvent(.refused(reason), name: ticket.name, peer: peer, source: source))
  }

  /// The answer where what a login asked to be entered was not; nil if it was.
  func refusal(
    of outcome: ChangeOutcome, from center: KeyDistributionCenter, at now: Timestamp,
    random: inout some RandomSource
  ) -> CenterAnswer? {
    switch outcome {
    case .done: nil
    case .conflict:
      answer(.superseded, reason: .superseded, from: center, at: now, random: &random)
    case .failed, .notInvited:
      answer(.unavailable, reason: .unavailable, from: center, at: now, random: &random)
    }
  }
}

extension KeyDistributionCenter {
  /// Step T2: opens the ticket-granting ticket and the request that came with it.
  func receiveGranting(
    _ reader: inout ByteReader, message: RawSpan, from source: NetworkAddress, isDatagram: Bool,
    at now: Timestamp, random: inout some RandomSource
  ) throws(WireError) -> CenterStep {
    func fail(_ code: FailureCode, _ reason: CenterEvent.Reason, _ name: PrincipalName? = nil)
      -> CenterStep
    {
      .answer(.failure(code, reason, name: name, source: source, isSilent: isDatagram))
    }
    let sealedTicket = try reader.span(TicketGrantingTicket.byteCount)
    let exchange = GrantingExchange(
      realm: keys.realm, requestNonce: try reader.span(GrantingExchange.nonceByteCount))
    let ciphertext = reader.remainder()
    guard let key = ticketGrantingKey(for: try TicketGrantingTicket.period(of: sealedTicket)),
      let ticket = TicketGrantingTicket(opening: sealedTicket, under: key)
    else { return fail(.ticketNotAccepted, .ticketUnknown) }
    let name = ticket.name

    let requestKey = SingleUseKey(exchange.requestKeys(ticket.requestKey))
    let tag = ReplayTag(behind: requestKey)
    let plaintext: SecretBytes
    do {
      plaintext = try requestKey.open(
        ciphertext,
        authenticating: message.extracting(first: GrantingExchange.requestHeaderByteCount))
    } catch {
      return fail(.malformed, .notAuthentic)
    }
    let (time, request) = try GrantingRequest.read(plaintext)
    // A datagram's source may be forged: nobody is connected to on its word (D2).
    if case .reach = request, isDatagram { return fail(.malformed, .malformed, name) }
    let granting = PendingGranting(
      exchange: exchange, ticket: ticket, request: request, source: source)

    guard now <= granting.ticket.loginEnd else {
      return .answer(
        granting.answer(.loginOver, reason: .loginOver, from: self, at: now, random: &random))
    }
    guard max(now.since(time), time.since(now)) <= policy.requestTolerance,
      time >= min(started, now)
    else {
      return .answer(
        granting.answer(.clockSkew, reason: .clockSkew, from: self, at: now, random: &random))
    }
    switch remember(tag, at: now) {
    case .fresh: break
    case .replayed:
      return .answer(
        CenterAnswer(nil, event: CenterEvent(.refused(.replayed), name: name, source: source)))
    case .full: return fail(.busy, .overloaded, name)
    }
    return .lookUp(query(for: granting), PendingRequest(.granting(granting)))
  }

  private func query(for granting: borrowing PendingGranting) -> RecordQuery {
    switch granting.request {
    case .ticket(.deposit, let peer, _, _):
      RecordQuery(users: UpToTwo(granting.ticket.name, peer), deposits: peer)
    case .ticket(_, let peer, _, _):
      RecordQuery(users: UpToTwo(granting.ticket.name, peer), presences: UpToTwo(peer))
    case .announce:
      RecordQuery(users: [granting.ticket.name], presences: [granting.ticket.name])
    case .withdraw, .reach: RecordQuery(users: [granting.ticket.name])
    case .takeDeposits:
      RecordQuery(users: [granting.ticket.name], deposits: granting.ticket.name)
    case .services(let service, let after):
      RecordQuery(
        users: [granting.ticket.name], services: ServiceQuery(service, after: after))
    }
  }

  /// Step T3: a changed or disabled user's tickets are dead, whatever they say.
  func decide(
    _ granting: consuming PendingGranting, records: Records, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    guard let user = records.users[granting.ticket.name], user.state == .active,
      user.keyVersion == granting.ticket.keyVersion
    else {
      return .answer(
        granting.answer(.loginOver, reason: .loginOver, from: self, at: now, random: &random))
    }
    switch granting.request {
    case .ticket(let purpose, let peer, let ephemeral, let signature):
      let answer = issue(
        purpose, for: peer, ephemeral: ephemeral, signature: signature, to: user, granting,
        records: records, at: now, &random)
      return .answer(answer)
    case .announce(let port, let addresses, let signature, let service):
      let presence = presence(
        granting.ticket, signature, addresses: addresses, port: port, source: granting.source,
        service: service, present: records.presences[user.name], &random)
      let isRefreshed = presence == records.presences[user.name]
      return .change(
        .announce(presence),
        PendingChange(.presence(granting, isRefreshed ? .refreshed : .announced)))
    case .withdraw:
      let change = DirectoryChange.withdraw(
        granting.ticket.name, loginTime: granting.ticket.loginTime)
      return .change(change, PendingChange(.presence(granting, .withdrawn)))
    case .reach(let port): return probe(port, for: granting, at: now, &random)
    case .takeDeposits(let signature, let mailbox):
      let deposits = deposits(
        granting.ticket, signature, mailbox: mailbox, present: records.deposits, &random)
      let isNew = deposits != records.deposits
      return .change(
        .takeDeposits(deposits), PendingChange(.deposits(granting, deposits, isNew: isNew)))
    case .services: return .answer(services(records.services, for: granting, at: now, &random))
    }
  }

  /// Step T4: a session key for two, sealed for both.
  private func issue(
    _ purpose: Purpose, for peer: PrincipalName, ephemeral: AgreementPublicKey,
    signature: LoginSignature, to user: UserRecord, _ granting: borrowing PendingGranting,
    records: Records, at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    guard peer != user.name, let identity = user.identity,
      let responder = records.users[peer], responder.state == .active,
      responder.mayBeCalled(by: user.name),
      let login = calledLogin(of: responder, for: purpose, records: records, at: now),
      let responderIdentity = responder.identity
    else {
      return granting.answer(
        .peerNotPresent, reason: .peerNotPresent, peer: peer, from: self, at: now,
        random: &random)
    }
    let ticket = Ticket(
      purpose: purpose, initiator: user.name, responder: peer,
      sessionKey: random.secret(32), ephemeral: ephemeral, identity: identity,
      certificate: keys.certificate(of: user),
      loginKey: granting.ticket.signedLoginKey(signature),
      issued: now, expires: login.ticketEnd, id: random.bytes(Ticket.idByteCount))
    let ticketNonce: FixedBytes<12> = random.fixedBytes()
    return CenterAnswer(
      granting.reply(login.whereabouts.replyKind, from: self, at: now, random: &random) { message in
        TicketReply.write(
          to: &message, peer: peer, sessionKey: ticket.sessionKey.bytes,
          identity: responderIdentity, certificate: keys.certificate(of: responder),
          loginKey: login.loginKey, whereabouts: login.whereabouts
        ) { message in
          ticket.write(
            to: &message, under: login.ticketKey.key, realm: keys.realm, nonce: ticketNonce)
        }
      },
      event: CenterEvent(
        .keyIssued(purpose: purpose, ticketID: ticket.id), name: user.name, peer: peer,
        source: granting.source))
  }

  /// The login that a ticket is sealed for: the one that is present, or the one that takes
  /// deposits; nil if there is none that counts.
  private func calledLogin(
    of responder: UserRecord, for purpose: Purpose, records: Records, at now: Timestamp
  ) -> CalledLogin? {
    switch purpose {
    case .session, .service:
      guard let presence = records.presences[responder.name],
        presence.keyVersion == responder.keyVersion, now <= presence.loginEnd,
        let ticketKey = try? keys.ticketKey(of: presence)
      else { return nil }
      return CalledLogin(
        loginKey: presence.loginKey, ticketKey: ticketKey,
        whereabouts: .present(presence.addresses), ticketEnd: now + policy.ticketLifetime)
    case .deposit:
      guard let deposits = records.deposits, deposits.name == responder.name,
        deposits.keyVersion == responder.keyVersion, now <= deposits.until,
        let ticketKey = try? keys.openTicketKey(of: deposits)
      else { return nil }
      return CalledLogin(
        loginKey: deposits.loginKey, ticketKey: TicketKey(ticketKey),
        whereabouts: .away(mailbox: deposits.mailbox), ticketEnd: deposits.until)
    }
  }

  /// Step A2: what a receiver says of itself, with the address that the KDC sees first.
  private func presence(
    _ ticket: borrowing TicketGrantingTicket, _ signature: LoginSignature,
    addresses: [NetworkAddress], port: UInt16, source: NetworkAddress, service: ServiceKind?,
    present: PresenceRecord?, _ random: inout some RandomSource
  ) -> PresenceRecord {
    var observed = source
    observed.port = port
    return PresenceRecord(
      name: ticket.name, keyVersion: ticket.keyVersion, loginTime: ticket.loginTime,
      loginEnd: ticket.loginEnd,
      addresses: [observed] + addresses.filter { $0 != observed && $0.port != 0 },
      loginKey: ticket.signedLoginKey(signature),
      service: service,
      sealedTicketKey: sealedTicketKey(of: ticket, present: present, random: &random))
  }

  /// The ticket key of a login as records of it keep it. It is sealed once, so that a login that
  /// says the same again changes nothing.
  func sealedTicketKey(
    of ticket: borrowing TicketGrantingTicket, present: (some LoginRecord)?,
    random: inout some RandomSource
  ) -> [UInt8] {
    if let present, present.loginTime == ticket.loginTime, present.loginKey.key == ticket.loginKey {
      return present.sealedTicketKey
    }
    return keys.sealTicketKey(
      ticket.ticketKey, name: ticket.name, loginTime: ticket.loginTime, random: &random)
  }

  /// Step A3: of two logins the later receives, and the earlier is told.
  func finish(
    _ granting: consuming PendingGranting, presence: PresenceChange, outcome: ChangeOutcome,
    at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    if let refusal = granting.refusal(of: outcome, from: self, at: now, random: &random) {
      return refusal
    }
    let observed = granting.source
    let message: [UInt8]
    switch presence {
    case .announced, .refreshed:
      message = granting.reply(.announced, from: self, at: now, random: &random) {
        $0.address(observed)
      }
    case .withdrawn:
      message = granting.reply(.withdrawn, from: self, at: now, random: &random)
    }
    return CenterAnswer(
      message, event: presence.event(name: granting.ticket.name, source: granting.source))
  }
}

// Functions of their own, because the compiler puts a secret whose bytes are looked at into a block
// of memory of its own unless it is an argument.

extension ReplayTag {
  /// What stands behind a request's key in the same derivation.
  fileprivate init(behind key: borrowing SingleUseKey) { self.init(key.rest) }
}

extension GrantingRequest {
  /// The whole of what travels inside a request.
  fileprivate static func read(
    _ plaintext: borrowing SecretBytes
  ) throws(WireError) -> (time: Timestamp, request: GrantingRequest) {
    var body = ByteReader(plaintext.bytes)
    let time = try body.timestamp()
    let request = try GrantingRequest(from: &body)
    try body.finish()
    return (time, request)
  }
}

/// A login of a responder that a ticket is for.
private struct CalledLogin {
  let loginKey: SignedLoginKey
  /// What the ticket is sealed under.
  let ticketKey: TicketKey
  let whereabouts: Whereabouts
  /// Until when the ticket may be opened.
  let ticketEnd: Timestamp
}

/// What a receiver said of its presence.
enum PresenceChange {
  case announced
  /// The same as before: told every minute, and not worth a line in a log.
  case refreshed
  case withdrawn

  func event(name: PrincipalName, source: NetworkAddress) -> CenterEvent? {
    switch self {
    case .announced: CenterEvent(.announced, name: name, source: source)
    case .refreshed: nil
    case .withdrawn: CenterEvent(.withdrawn, name: name, source: source)
    }
  }
}
