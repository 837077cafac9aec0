internal import Cryptography
public import SecretMemory
public import Wire

/// What a client keeps of a granting request until the answer is there. It can be tried on any
/// number of datagrams: one that does not verify changes nothing.
struct GrantingReplyOpener: ~Copyable {
  let exchange: GrantingExchange
  let requestKey: SecretBytes

  /// Opens a reply and reads the fields of the one kind that the caller awaits.
  ///
  /// - Throws: `malformed`, `failed`, `unexpectedReply`, `notAuthentic`, and what the other kinds
  ///   say: `peerNotPresent`, `superseded`, `loginOver`, `clockSkew`, `unavailable`.
  func open<Value: ~Copyable>(
    _ message: RawSpan, expecting expected: GrantingReplyKind,
    _ read: (inout ByteReader) throws(WireError) -> Value
  ) throws(ExchangeFailure) -> Granted<Value> {
    let nonce = try parseReply(message, as: .grantingReply) { (reader) throws(WireError) in
      try reader.bytes(GrantingExchange.nonceByteCount)
    }
    let plaintext: SecretBytes
    do {
      plaintext = try exchange.replyKey(requestKey, responseNonce: nonce.bytes).open(
        message.extracting(droppingFirst: GrantingExchange.replyHeaderByteCount),
        authenticating: message.extracting(first: GrantingExchange.replyHeaderByteCount))
    } catch {
      throw .notAuthentic
    }
    do {
      var reader = ByteReader(plaintext.bytes)
      guard let kind = GrantingReplyKind(rawValue: try reader.uint8()) else {
        throw WireError.invalid("reply kind")
      }
      let time = try reader.timestamp()
      guard kind == expected || kind.carriesRenewal else {
        try reader.finish()
        throw Self.failure(kind, time: time)
      }
      let renewal = Renewal(
        requestKey: try reader.secret(32),
        ticket: try reader.bytes(TicketGrantingTicket.byteCount))
      guard kind == expected else { throw Self.failure(kind, time: time) }
      let value = try read(&reader)
      try reader.finish()
      return Granted(value: value, renewal: renewal, time: time)
    } catch let error as WireError {
      throw .malformed(error)
    } catch let error as ExchangeFailure {
      throw error
    } catch {
      throw .notAuthentic
    }
  }

  private static func failure(_ kind: GrantingReplyKind, time: Timestamp) -> ExchangeFailure {
    switch kind {
    case .peerNotPresent: .peerNotPresent
    case .superseded: .superseded
    case .loginOver: .loginOver
    case .clockSkew: .clockSkew(now: time)
    case .unavailable: .unavailable
    case .ticket, .announced, .withdrawn, .reach, .depositTicket, .depositsTaken, .services:
      .unexpectedReply
    }
  }
}

/// What was asked for, the renewal that came with it, and KDC time.
@frozen
public struct Granted<Value: ~Copyable>: ~Copyable {
  /// What was asked for.
  public let value: Value
  /// What to ask with from now on.
  public let renewal: Renewal
  /// The KDC's clock as it answered.
  public let time: Timestamp
}

/// A session key for two and what the KDC says of the peer: to be judged by `PeerTrust`.
@frozen
public struct SessionGrant: ~Copyable {
  /// Whom it leads to.
  public let peer: PrincipalName
  /// What it is for.
  public let purpose: Purpose
  let sessionKey: SecretBytes
  let claim: PeerClaim
  /// Where the peer listens, the address that the KDC observed first. None for a deposit.
  public let addresses: [NetworkAddress]
  /// Of a deposit: where the receiver looks for it, if it says so.
  public let mailbox: PrincipalName?
  let ticket: [UInt8]

  init(
    peer: PrincipalName, purpose: Purpose, sessionKey: consuming SecretBytes, claim: PeerClaim,
    addresses: [NetworkAddress], mailbox: PrincipalName? = nil, ticket: [UInt8]
  ) {
    self.peer = peer
    self.purpose = purpose
    self.sessionKey = sessionKey
    self.claim = claim
    self.addresses = addresses
    self.mailbox = mailbox
    self.ticket = ticket
  }

  /// What the KDC says of the peer's keys.
  public var peerClaim: PeerClaim { claim }
}

/// Awaits T5.
public struct ExpectTicket: ~Copyable {
  let opener: GrantingReplyOpener
  let peer: PrincipalName
  let purpose: Purpose

  /// Step T5: the reply must name the peer that was asked for.
  public borrowing func receive(
    _ message: RawSpan
  ) throws(ExchangeFailure) -> Granted<SessionGrant> {
    let asked = peer
    let purpose = purpose
    let expected: GrantingReplyKind = purpose == .deposit ? .depositTicket : .ticket
    return try opener.open(message, expecting: expected) { (reader) throws(WireError) in
      let reply = try TicketReply(from: &reader, purpose: purpose)
      guard reply.peer == asked else { throw .invalid("peer") }
      let (addresses, mailbox): ([NetworkAddress], PrincipalName?) =
        switch reply.whereabouts {
        case .present(let addresses): (addresses, nil)
        case .away(let mailbox): ([], mailbox)
        }
      return SessionGrant(
        peer: asked, purpose: purpose, sessionKey: reply.sessionKey.duplicate(),
        claim: PeerClaim(
          name: asked, identity: reply.identity, certificate: reply.certificate,
          loginKey: reply.loginKey),
        addresses: addresses, mailbox: mailbox, ticket: reply.ticket)
    }
  }
}

/// Awaits A3.
public struct ExpectAnnouncement: ~Copyable {
  let opener: GrantingReplyOpener

  /// - Returns: the address that the KDC observed.
  public borrowing func receive(
    _ message: RawSpan
  ) throws(ExchangeFailure) -> Granted<NetworkAddress> {
    try opener.open(message, expecting: .announced) { (reader) throws(WireError) in
      try reader.address()
    }
  }
}

/// Awaits W3.
public struct ExpectWithdrawal: ~Copyable {
  let opener: GrantingReplyOpener

  /// - Returns: KDC time. The renewal in the reply is let go: whoever withdraws is about to leave.
  public borrowing func receive(_ message: RawSpan) throws(ExchangeFailure) -> Timestamp {
    try opener.open(message, expecting: .withdrawn) { (_) throws(WireError) in }.time
  }
}

/// Awaits D3.
public struct ExpectReach: ~Copyable {
  let opener: GrantingReplyOpener

  /// Step D3.
  public borrowing func receive(_ message: RawSpan) throws(ExchangeFailure) -> Granted<Reach> {
    try opener.open(message, expecting: .reach) { (reader) throws(WireError) in
      try Reach(from: &reader)
    }
  }
}

/// Awaits B3.
public struct ExpectDeposits: ~Copyable {
  let opener: GrantingReplyOpener

  /// - Returns: until when deposits may come for this login, in KDC time.
  public borrowing func receive(
    _ message: RawSpan
  ) throws(ExchangeFailure) -> Granted<Timestamp> {
    try opener.open(message, expecting: .depositsTaken) { (reader) throws(WireError) in
      try reader.timestamp()
    }
  }
}

/// Awaits M2.
public struct ExpectServices: ~Copyable {
  let opener: GrantingReplyOpener
  let after: PrincipalName?

  /// - Returns: names in their order, all after the one that was given, `pageLimit` at most. When
  ///   there are as many, there may be more after the last.
  public borrowing func receive(
    _ message: RawSpan
  ) throws(ExchangeFailure) -> Granted<[PrincipalName]> {
    var last = after
    return try opener.open(message, expecting: .services) { (reader) throws(WireError) in
      let names = try reader.names(limit: Self.pageLimit)
      // So that whoever asks for more each time comes to an end.
      for name in names {
        if let last, name <= last { throw .invalid("order of names") }
        last = name
      }
      return names
    }
  }

  /// So many names at most are in one answer.
  public static let pageLimit = ServiceQuery.limit
}

/// Awaits T4 on one's own name.
public struct ExpectAcceptance: ~Copyable {
  let opener: GrantingReplyOpener

  /// - Returns: KDC time. The renewal in the reply is let go: nothing else was asked for.
  public borrowing func receive(_ message: RawSpan) throws(ExchangeFailure) -> Timestamp {
    try opener.open(message, expecting: .peerNotPresent) { (_) throws(WireError) in }.time
  }
}
