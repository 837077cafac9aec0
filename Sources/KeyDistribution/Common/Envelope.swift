internal import SecretMemory
internal import Wire

/// The first two bytes of every message between a client and the KDC (PROTOCOL.md, 4.1).
enum MessageType: UInt8 {
  case epochRequest = 1
  case epochReply = 2
  case sealedRequest = 3
  case sealedReply = 4
  case grantingRequest = 5
  case grantingReply = 6
  case failure = 8

  static let protocolVersion: UInt8 = 1
  static let headerByteCount = 2
}

/// What the KDC says in the clear when it cannot answer otherwise. A hint, never believed: anybody
/// on the way can write it.
public enum FailureCode: UInt8, Sendable, Error {
  /// What was asked is no message of this version, or does not verify.
  case malformed = 1
  /// Ask for the present epoch key.
  case epochUnknown = 2
  /// Log in again.
  case ticketNotAccepted = 3
  /// Try later, or elsewhere.
  case busy = 4
  /// With a time to wait.
  case slowDown = 5
}

extension ByteWriter {
  /// A message that begins with its version and type. The argument has a name because some labels
  /// are called like types of messages.
  init(message type: MessageType, capacity: Int = 256) {
    self.init(capacity: capacity)
    uint8(MessageType.protocolVersion)
    uint8(type.rawValue)
  }

  static func failure(_ code: FailureCode) -> [UInt8] {
    var message = ByteWriter(message: .failure)
    message.uint8(code.rawValue)
    return message.publicBytes()
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  mutating func messageType() throws(WireError) -> MessageType {
    guard try uint8() == MessageType.protocolVersion else { throw .invalid("version") }
    guard let type = MessageType(rawValue: try uint8()) else { throw .invalid("message type") }
    return type
  }
}
