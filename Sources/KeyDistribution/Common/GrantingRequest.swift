internal import Cryptography
internal import SecretMemory
internal import Wire

/// What a ticket may be used for.
public enum Purpose: UInt8, Hashable, Sendable {
  case session = 1
  case service = 2
  case deposit = 3
}

/// What travels inside a granting request after the time of the request (PROTOCOL.md, 4.4).
enum GrantingRequest {
  /// A session key for a peer, and the ticket that carries it.
  case ticket(purpose: Purpose, peer: PrincipalName, ephemeral: AgreementPublicKey, LoginSignature)
  /// "I receive, here": refreshed while it is so.
  case announce(port: UInt16, addresses: [NetworkAddress], LoginSignature)
  /// "I no longer receive."
  case withdraw
  /// "Can you connect to me at this port?" By TCP only.
  case reach(port: UInt16)

  /// Besides the one that the KDC observes.
  static let announcedAddressLimit = PresenceRecord.addressLimit - 1

  private enum Kind: UInt8 {
    case ticket = 1
    case announce = 2
    case withdraw = 3
    case reach = 4
  }

  func write(to message: inout ByteWriter) {
    switch self {
    case .ticket(let purpose, let peer, let ephemeral, let signature):
      message.uint8(Kind.ticket.rawValue)
      message.uint8(purpose.rawValue)
      message.name(peer)
      message.bytes(ephemeral.encoding)
      signature.write(to: &message)
    case .announce(let port, let addresses, let signature):
      message.uint8(Kind.announce.rawValue)
      message.uint16(port)
      message.addresses(addresses)
      signature.write(to: &message)
    case .withdraw:
      message.uint8(Kind.withdraw.rawValue)
    case .reach(let port):
      message.uint8(Kind.reach.rawValue)
      message.uint16(port)
    }
  }

  init(from reader: inout ByteReader) throws(WireError) {
    switch Kind(rawValue: try reader.uint8()) {
    case .ticket:
      guard let purpose = Purpose(rawValue: try reader.uint8()) else { throw .invalid("purpose") }
      self = .ticket(
        purpose: purpose, peer: try reader.name(), ephemeral: try reader.agreementKey(),
        try LoginSignature(from: &reader))
    case .announce:
      self = .announce(
        port: try reader.port(),
        addresses: try reader.addresses(limit: Self.announcedAddressLimit),
        try LoginSignature(from: &reader))
    case .withdraw: self = .withdraw
    case .reach: self = .reach(port: try reader.port())
    case nil: throw .invalid("request kind")
    }
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
  mutating func addresses(limit: Int) throws(WireError) -> [NetworkAddress] {
    let count = Int(try uint8())
    guard count <= limit else { throw .invalid("number of addresses") }
    var addresses: [NetworkAddress] = []
    for _ in 0..<count { addresses.append(try address()) }
    return addresses
  }
}
