public import Cryptography
internal import SecretMemory
internal import Wire

/// What the first byte inside a sealed reply says (PROTOCOL.md, 4.3).
enum SealedReplyKind: UInt8 {
  case refused = 0
  case salt = 1
  case registered = 2
  case granted = 3
  case nameTaken = 4
  case unavailable = 5
  case identityKeyDiffers = 6
  case changed = 7
  case slowDown = 8
  case notInvited = 9

  /// Whether a reply of this kind answers a proven request, and is sealed under the shared key too.
  var isProven: Bool {
    switch self {
    case .registered, .granted, .identityKeyDiffers, .changed: true
    case .refused, .salt, .nameTaken, .unavailable, .slowDown, .notInvited: false
    }
  }
}

/// What is needed to make the digest of a name: told to anybody, for names that exist or not.
public struct SaltReply: Hashable, Sendable {
  /// The cost of hashing the passphrase.
  public let parameters: Argon2Parameters
  /// 16 bytes.
  public let salt: [UInt8]
  /// To be told in what follows.
  public let keyVersion: UInt32

  func write(to message: inout ByteWriter) {
    message.parameters(parameters)
    message.bytes(salt.bytes)
    message.uint32(keyVersion)
  }

  init(parameters: Argon2Parameters, salt: [UInt8], keyVersion: UInt32) {
    self.parameters = parameters
    self.salt = salt
    self.keyVersion = keyVersion
  }

  init(from reader: inout ByteReader) throws(WireError) {
    parameters = try reader.parameters()
    salt = try reader.bytes(UserRecord.saltByteCount)
    keyVersion = try reader.uint32()
  }
}

/// What the owner of a login gets: all of it sealed for it twice over.
struct LoginGrant: ~Copyable {
  let name: PrincipalName
  let keyVersion: UInt32
  let certificate: [UInt8]
  /// The key that the ticket-granting ticket is used with.
  let requestKey: SecretBytes
  /// The key that tickets for this login are sealed under.
  let ticketKey: SecretBytes
  let end: Timestamp
  /// Where the KDC saw the request come from.
  let observed: NetworkAddress
  let ticket: [UInt8]

  func write(to message: inout ByteWriter) {
    message.name(name)
    message.uint32(keyVersion)
    message.bytes(certificate.bytes)
    message.bytes(requestKey.bytes)
    message.bytes(ticketKey.bytes)
    message.timestamp(end)
    message.address(observed)
    message.bytes(ticket.bytes)
  }

  init(
    name: PrincipalName, keyVersion: UInt32, certificate: [UInt8],
    requestKey: consuming SecretBytes, ticketKey: consuming SecretBytes, end: Timestamp,
    observed: NetworkAddress, ticket: [UInt8]
  ) {
    self.name = name
    self.keyVersion = keyVersion
    self.certificate = certificate
    self.requestKey = requestKey
    self.ticketKey = ticketKey
    self.end = end
    self.observed = observed
    self.ticket = ticket
  }

  init(from reader: inout ByteReader) throws(WireError) {
    let name = try reader.name()
    let keyVersion = try reader.uint32()
    let certificate = try reader.bytes(64)
    let requestKey = try reader.secret(32)
    let ticketKey = try reader.secret(32)
    let end = try reader.timestamp()
    let observed = try reader.address()
    let ticket = try reader.bytes(TicketGrantingTicket.byteCount)
    self.init(
      name: name, keyVersion: keyVersion, certificate: certificate, requestKey: requestKey,
      ticketKey: ticketKey, end: end, observed: observed, ticket: ticket)
  }
}
