public import Cryptography
internal import SecretMemory
public import Wire

/// What a deposit begins with (PROTOCOL.md, 5.7): which login opens it, the ticket, and the one
/// handshake message. The rest of it are records and chunks, in the order of a session.
public struct DepositLetter: Hashable, Sendable {
  private static let version: UInt8 = 1
  private static let headByteCount = 1 + AgreementPublicKey.byteCount + Ticket.byteCount

  /// The receiver's login key.
  public let loginKey: AgreementPublicKey
  let ticket: [UInt8]
  /// The handshake message, with the first record as its payload.
  let message: [UInt8]

  init(loginKey: AgreementPublicKey, ticket: [UInt8], message: [UInt8]) {
    self.loginKey = loginKey
    self.ticket = ticket
    self.message = message
  }

  /// The longest first record: what a handshake message holds beside E and two tags' room.
  public static let firstRecordLimit =
    PeerSession.recordLimit - headByteCount - AgreementPublicKey.byteCount

  /// Reads what somebody has left. Nothing of it is verified.
  public init(_ bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount <= NoiseCipher.maximumByteCount else { throw .invalid("length") }
    var reader = ByteReader(bytes)
    guard try reader.uint8() == Self.version else { throw .invalid("version") }
    loginKey = try reader.agreementKey()
    ticket = try reader.bytes(Ticket.byteCount)
    message = [UInt8](reader.remainder())
  }

  /// At most 65535 bytes.
  public var bytes: [UInt8] { head + message }

  private var head: [UInt8] {
    var head = ByteWriter(capacity: Self.headByteCount)
    head.uint8(Self.version)
    head.bytes(loginKey.encoding)
    head.bytes(ticket.bytes)
    return head.publicBytes()
  }

  /// The prologue of the handshake: realm, and everything that stands before the message.
  func prologue(in realm: Realm) -> [UInt8] {
    var prologue = ByteWriter(.deposit, in: realm)
    prologue.prefixed(head.bytes)
    return prologue.publicBytes()
  }
}
