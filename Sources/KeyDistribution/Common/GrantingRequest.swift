internal import Cryptography
internal import SecretMemory
internal import Wire

/// What a ticket may be used for.
public enum Purpose: UInt8, Hashable, Sendable {
  /// With somebody who receives.
  case session = 1
  /// With somebody who serves others, such as a mailbox.
  case service = 2
  /// For somebody who is away.
  case deposit = 3
}

/// What travels inside a granting request after the time of the request (PROTOCOL.md, 4.4).
enum GrantingRequest {
  /// A session key for a peer, and the ticket that carries it.
  case ticket(purpose: Purpose, peer: PrincipalName, ephemeral: AgreementPublicKey, LoginSignature)
  /// "I receive, or serve, here": refreshed while it is so.
  case announce(
    port: UInt16, addresses: [NetworkAddress], LoginSignature, service: ServiceKind? = nil)
  /// "I no longer receive."
  case withdraw
  /// "Can you connect to me at this port?" By TCP only.
  case reach(port: UInt16)
  /// "This login shall open deposits for me", and where it looks for them.
  case takeDeposits(LoginSignature, mailbox: PrincipalName?)
  /// "Who serves so?" The names that come after one.
  case services(ServiceKind, after: PrincipalName?)

  /// Besides the one that the KDC observes.
  static let announcedAddressLimit = PresenceRecord.addressLimit - 1

  private enum Kind: UInt8 {
    case ticket = 1
    case announce = 2
    case withdraw = 3
    case reach = 4
    case announceService = 5
    case takeDeposits = 6
    case services = 7
  }

  func write(to message: inout ByteWriter) {
    switch self {
    case .ticket(let purpose, let peer, let ephemeral, let signature):
      message.uint8(Kind.ticket.rawValue)
      message.uint8(purpose.rawValue)
      message.name(peer)
      message.bytes(ephemeral.encoding)
      signature.write(to: &message)
    case .announce(let port, let addresses, let signature, let service):
      message.uint8((service == nil ? Kind.announce : Kind.announceService).rawValue)
      if let service { message.uint8(service.rawValue) }
      message.uint16(port)
      message.addresses(addresses)
      signature.write(to: &message)
    case .withdraw:
      message.uint8(Kind.withdraw.rawValue)
    case .reach(let port):
      message.uint8(Kind.reach.rawValue)
      message.uint16(port)
    case .takeDeposits(let signature, let mailbox):
      message.uint8(Kind.takeDeposits.rawValue)
      signature.write(to: &message)
      message.optionalName(mailbox)
    case .services(let service, let after):
      message.uint8(Kind.services.rawValue)
      message.uint8(service.rawValue)
      message.optionalName(after)
    }
  }

  init(from reader: inout ByteReader) throws(WireError) {
    switch Kind(rawValue: try reader.uint8()) {
    case .ticket:
      guard let purpose = Purpose(rawValue: try reader.uint8()) else { throw .invalid("purpose") }
      self = .ticket(
        purpose: purpose, peer: try reader.name(), ephemeral: try reader.agreementKey(),
        try LoginSignature(from: &reader))
    case .announce: self = try Self.announcement(&reader, service: nil)
    case .withdraw: self = .withdraw
    case .reach: self = .reach(port: try reader.port())
    case .announceService:
      let service = try reader.service()
      self = try Self.announcement(&reader, service: service)
    case .takeDeposits:
      self = .takeDeposits(
        try LoginSignature(from: &reader), mailbox: try reader.optionalName())
    case .services:
      self = .services(try reader.service(), after: try reader.optionalName())
    case nil: throw .invalid("request kind")
    }
  }

  private static func announcement(
    _ reader: inout ByteReader, service: ServiceKind?
  ) throws(WireError) -> GrantingRequest {
    .announce(
      port: try reader.port(),
      addresses: try reader.addresses(limit: announcedAddressLimit),
      try LoginSignature(from: &reader), service: service)
  }
}

/// What a login key's signature says beyond what the ticket-granting ticket knows already.
struct LoginSignature {
  let issued: Timestamp
  let expires: Timestamp
  let signature: [UInt8]

  func write(to message: inout ByteWriter) {
    message.timestamp(issued)
    message.timestamp(expires)
    message.bytes(signature.bytes)
  }

  init(_ key: SignedLoginKey) {
    issued = key.issued
    expires = key.expires
    signature = key.signature
  }

  init(from reader: inout ByteReader) throws(WireError) {
    issued = try reader.timestamp()
    expires = try reader.timestamp()
    signature = try reader.bytes(SignedLoginKey.signatureByteCount)
  }
}

extension ByteWriter {
  mutating func addresses(_ addresses: [NetworkAddress]) {
    uint8(UInt8(addresses.count))
    for address in addresses { self.address(address) }
  }

  mutating func names(_ names: some Collection<PrincipalName>) {
    uint8(UInt8(names.count))
    for name in names { self.name(name) }
  }
}

extension ByteReader {
  /// A port that something can listen on: not 0.
  @_lifetime(self: copy self)
  fileprivate mutating func port() throws(WireError) -> UInt16 {
    let port = try uint16()
    guard port != 0 else { throw .invalid("port") }
    return port
  }

  @_lifetime(self: copy self)
  fileprivate mutating func service() throws(WireError) -> ServiceKind {
    guard let service = ServiceKind(rawValue: try uint8()) else { throw .invalid("service") }
    return service
  }

  @_lifetime(self: copy self)
  mutating func names(limit: Int) throws(WireError) -> [PrincipalName] {
    let count = Int(try uint8())
    guard count <= limit else { throw .invalid("number of names") }
    var names: [PrincipalName] = []
    for _ in 0..<count { names.append(try name()) }
    return names
  }

  @_lifetime(self: copy self)
  mutating func addresses(limit: Int) throws(WireError) -> [NetworkAddress] {
    let count = Int(try uint8())
    guard count <= limit else { throw .invalid("number of addresses") }
    var addresses: [NetworkAddress] = []
    for _ in 0..<count { addresses.append(try address()) }
    return addresses
  }
}
