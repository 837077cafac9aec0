internal import Cryptography
internal import SecretMemory
public import Wire

/// What the first byte inside a granting reply says (PROTOCOL.md, 4.4). The time follows; then,
/// unless the reply is of kind 6, 7 or 8, a fresh ticket-granting ticket and its request key.
enum GrantingReplyKind: UInt8 {
  case ticket = 1
  case announced = 2
  case withdrawn = 3
  case peerNotPresent = 4
  case superseded = 5
  case loginOver = 6
  case clockSkew = 7
  case unavailable = 8
  case reach = 9
  case depositTicket = 10
  case depositsTaken = 11
  case services = 12

  var carriesRenewal: Bool {
    switch self {
    case .ticket, .announced, .withdrawn, .peerNotPresent, .superseded, .reach, .depositTicket,
      .depositsTaken, .services:
      true
    case .loginOver, .clockSkew, .unavailable: false
    }
  }
}

/// Whether the KDC could connect to whoever asked.
public struct Reach: Hashable, Sendable {
  /// Where the KDC saw the request come from.
  public let observed: NetworkAddress
  /// Whether it could connect to that address, at the port that was asked about.
  public let isReached: Bool

  func write(to message: inout ByteWriter) {
    message.address(observed)
    message.uint8(isReached ? 1 : 0)
  }

  init(observed: NetworkAddress, isReached: Bool) {
    self.observed = observed
    self.isReached = isReached
  }

  init(from reader: inout ByteReader) throws(WireError) {
    observed = try reader.address()
    let code = try reader.uint8()
    guard code <= 1 else { throw .invalid("reached") }
    isReached = code == 1
  }
}

/// How what is meant for a peer comes to it.
enum Whereabouts {
  /// It listens there.
  case present([NetworkAddress])
  /// It is left with a message server, of the peer's choice if it has made one.
  case away(mailbox: PrincipalName?)

  /// What the reply with a ticket for that is called.
  var replyKind: GrantingReplyKind {
    switch self {
    case .present: .ticket
    case .away: .depositTicket
    }
  }

  func write(to message: inout ByteWriter) {
    switch self {
    case .present(let addresses): message.addresses(addresses)
    case .away(let mailbox): message.optionalName(mailbox)
    }
  }

  /// - Parameter purpose: of the ticket that came with it.
  init(from reader: inout ByteReader, purpose: Purpose) throws(WireError) {
    switch purpose {
    case .session, .service:
      self = .present(try reader.addresses(limit: PresenceRecord.addressLimit))
    case .deposit: self = .away(mailbox: try reader.optionalName())
    }
  }
}

/// A session key for two, as its initiator gets it.
struct TicketReply: ~Copyable {
  let peer: PrincipalName
  let sessionKey: SecretBytes
  let identity: VerifyingKey
  let certificate: [UInt8]
  let loginKey: SignedLoginKey
  let whereabouts: Whereabouts
  /// Sealed for the peer; opaque here.
  let ticket: [UInt8]

  func write(to message: inout ByteWriter) {
    Self.write(
      to: &message, peer: peer, sessionKey: sessionKey.bytes, identity: identity,
      certificate: certificate, loginKey: loginKey, whereabouts: whereabouts
    ) { $0.bytes(ticket.bytes) }
  }

  /// The same from its parts, with a ticket that is sealed where it comes to lie.
  static func write(
    to message: inout ByteWriter, peer: PrincipalName, sessionKey: RawSpan,
    identity: VerifyingKey, certificate: [UInt8], loginKey: SignedLoginKey,
    whereabouts: Whereabouts, ticket: (inout ByteWriter) -> Void
  ) {
    message.name(peer)
    message.bytes(sessionKey)
    message.bytes(identity.encoding)
    message.bytes(certificate.bytes)
    message.loginKey(loginKey)
    ticket(&message)
    whereabouts.write(to: &message)
  }

  init(
    peer: PrincipalName, sessionKey: consuming SecretBytes, identity: VerifyingKey,
    certificate: [UInt8], loginKey: SignedLoginKey, whereabouts: Whereabouts, ticket: [UInt8]
  ) {
    self.peer = peer
    self.sessionKey = sessionKey
    self.identity = identity
    self.certificate = certificate
    self.loginKey = loginKey
    self.whereabouts = whereabouts
    self.ticket = ticket
  }

  init(from reader: inout ByteReader, purpose: Purpose) throws(WireError) {
    let peer = try reader.name()
    let sessionKey = try reader.secret(32)
    let identity = try reader.verifyingKey()
    let certificate = try reader.bytes(64)
    let loginKey = try reader.loginKey()
    let ticket = try reader.bytes(Ticket.byteCount)
    let whereabouts = try Whereabouts(from: &reader, purpose: purpose)
    self.init(
      peer: peer, sessionKey: sessionKey, identity: identity, certificate: certificate,
      loginKey: loginKey, whereabouts: whereabouts, ticket: ticket)
  }
}
