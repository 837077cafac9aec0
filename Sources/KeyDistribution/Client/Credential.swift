public import Cryptography
public import SecretMemory
public import Wire

/// A login: the ticket-granting ticket, the keys that go with it, and the per-login key.
public struct Credential: ~Copyable, Sendable {
  /// The KDC that it is at, with the identity that is pinned now.
  public private(set) var realm: Realm
  /// Who is logged in.
  public let name: PrincipalName
  /// The public half of the user's own identity key.
  public let identity: VerifyingKey
  /// When the login ends, in KDC time.
  public let end: Timestamp
  /// When the login was granted, in KDC time.
  public let grantedAt: Timestamp
  /// Where the KDC saw the login come from.
  public let observed: NetworkAddress
  /// What this device seals the user's keys for deposits under; nil for a login that was kept
  /// without it.
  public var depositStorageKey: DepositStorageKey?

  let loginKey: AgreementKey
  let signed: SignedLoginKey
  /// What tickets for this login are sealed under.
  let ticketKey: SealingKey
  private(set) var requestKey: SecretBytes
  private(set) var ticket: [UInt8]

  init(
    realm: Realm, name: PrincipalName, identity: VerifyingKey, loginKey: consuming AgreementKey,
    signed: SignedLoginKey, grant: borrowing LoginGrant, grantedAt: Timestamp
  ) {
    self.init(
      realm: realm, name: name, identity: identity, end: grant.end, grantedAt: grantedAt,
      observed: grant.observed, loginKey: loginKey, signed: signed,
      ticketKey: grant.ticketKey.duplicate(), requestKey: grant.requestKey.duplicate(),
      ticket: grant.ticket)
  }

  init(
    realm: Realm, name: PrincipalName, identity: VerifyingKey, end: Timestamp,
    grantedAt: Timestamp, observed: NetworkAddress, loginKey: consuming AgreementKey,
    signed: SignedLoginKey, ticketKey: consuming SecretBytes, requestKey: consuming SecretBytes,
    ticket: [UInt8]
  ) {
    self.realm = realm
    self.name = name
    self.identity = identity
    self.end = end
    self.grantedAt = grantedAt
    self.observed = observed
    self.loginKey = loginKey
    self.signed = signed
    self.ticketKey = SealingKey(ticketKey)
    self.requestKey = requestKey
    self.ticket = ticket
  }

  /// Step T1: asks for a session key for `peer`.
  ///
  /// - Parameters:
  ///   - ephemeral: made for this one request and its session.
  ///   - now: KDC time.
  public func askForTicket(
    for peer: PrincipalName, purpose: Purpose, ephemeral: AgreementPublicKey, at now: Timestamp,
    random: inout some RandomSource
  ) -> Outgoing<ExpectTicket> {
    let request = GrantingRequest.ticket(
      purpose: purpose, peer: peer, ephemeral: ephemeral, LoginSignature(signed))
    let sealed = seal(request, at: now, random: &random)
    return Outgoing(
      sealed.message, next: ExpectTicket(opener: sealed.next, peer: peer, purpose: purpose))
  }

  /// Step A1: announces where this login receives.
  ///
  /// - Parameters:
  ///   - addresses: besides the one that the KDC observes; the first five count.
  ///   - service: what is served there; nil: files for oneself are received.
  public func announce(
    port: UInt16, addresses: [NetworkAddress], service: ServiceKind? = nil, at now: Timestamp,
    random: inout some RandomSource
  ) -> Outgoing<ExpectAnnouncement> {
    let some = [NetworkAddress](addresses.prefix(GrantingRequest.announcedAddressLimit))
    let request = GrantingRequest.announce(
      port: port, addresses: some, LoginSignature(signed), service: service)
    let sealed = seal(request, at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectAnnouncement(opener: sealed.next))
  }

  /// Step W1: says that this login no longer receives.
  public func withdraw(
    at now: Timestamp, random: inout some RandomSource
  ) -> Outgoing<ExpectWithdrawal> {
    let sealed = seal(.withdraw, at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectWithdrawal(opener: sealed.next))
  }

  /// Step D1: asks whether the KDC can connect to this machine. By TCP only.
  public func askForReach(
    port: UInt16, at now: Timestamp, random: inout some RandomSource
  ) -> Outgoing<ExpectReach> {
    let sealed = seal(.reach(port: port), at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectReach(opener: sealed.next))
  }

  /// Step B1: says that this login shall open deposits. Its secrets are on one's disk by now.
  ///
  /// - Parameter mailbox: where this user looks for deposits, for senders who ask.
  public func takeDeposits(
    mailbox: PrincipalName?, at now: Timestamp, random: inout some RandomSource
  ) -> Outgoing<ExpectDeposits> {
    let request = GrantingRequest.takeDeposits(LoginSignature(signed), mailbox: mailbox)
    let sealed = seal(request, at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectDeposits(opener: sealed.next))
  }

  /// Step M1: asks who serves so and is present.
  ///
  /// - Parameter after: the last name of the answer before this one.
  public func askForServices(
    _ service: ServiceKind, after: PrincipalName?, at now: Timestamp,
    random: inout some RandomSource
  ) -> Outgoing<ExpectServices> {
    let sealed = seal(.services(service, after: after), at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectServices(opener: sealed.next, after: after))
  }

  /// Step T1 for one's own name, to which the KDC says no more than that it takes this login (T4).
  public func askForAcceptance(
    at now: Timestamp, random: inout some RandomSource
  ) -> Outgoing<ExpectAcceptance> {
    let request = GrantingRequest.ticket(
      purpose: .session, peer: name, ephemeral: loginKey.publicKey, LoginSignature(signed))
    let sealed = seal(request, at: now, random: &random)
    return Outgoing(sealed.message, next: ExpectAcceptance(opener: sealed.next))
  }

  private func seal(
    _ request: GrantingRequest, at now: Timestamp, random: inout some RandomSource
  ) -> Outgoing<GrantingReplyOpener> {
    let exchange = GrantingExchange(
      realm: realm, requestNonce: random.bytes(GrantingExchange.nonceByteCount).bytes)
    var plaintext = ByteWriter()
    plaintext.timestamp(now)
    request.write(to: &plaintext)
    let header = exchange.requestHeader(ticket: ticket)
    let message = SingleUseKey(exchange.requestKeys(requestKey)).seal(
      plaintext.written, behind: header.bytes)
    return Outgoing(
      message,
      next: GrantingReplyOpener(exchange: exchange, requestKey: requestKey.duplicate()))
  }

  /// Goes on in the same realm with the identity that is pinned now.
  public mutating func adopt(_ realm: Realm) {
    if realm.id == self.realm.id { self.realm = realm }
  }

  /// Goes on with the fresh ticket-granting ticket that a reply brought.
  public mutating func renew(with renewal: consuming Renewal) {
    requestKey = renewal.requestKey
    ticket = renewal.ticket
  }
}

/// A fresh ticket-granting ticket and the key to use it with.
@frozen
public struct Renewal: ~Copyable {
  let requestKey: SecretBytes
  let ticket: [UInt8]
}
