/// How messages travel between the KDC and its clients over TCP: two bytes of length, big-endian,
/// then the message.
public enum KDCFraming {
  /// The longest message in bytes. The shortest has one.
  public static let messageLimit = 4096
}

extension StreamConnection {
  /// Sends one message to the KDC.
  ///
  /// - Throws: `.messageTooLarge` over `KDCFraming.messageLimit`, and what `writeAll` throws.
  public func sendKDCMessage(_ message: RawSpan, deadline: Deadline) throws(TransportFailure) {
    precondition(message.byteCount > 0, "an empty message cannot be framed")
    guard message.byteCount <= KDCFraming.messageLimit else {
      throw .messageTooLarge(limit: KDCFraming.messageLimit)
    }
    let header = [UInt8(message.byteCount >> 8), UInt8(message.byteCount & 0xff)]
    try writeAll(unsafe header.span.bytes, patience: .until(deadline), moreFollows: true)
    try writeAll(message, patience: .until(deadline))
  }

  /// Receives one message of the KDC. The length is checked before anything is allocated for it.
  ///
  /// - Throws: `.malformedFrame` for an empty message, `.messageTooLarge` for one over
  ///   `KDCFraming.messageLimit`, and what `readExactly` throws.
  public func receiveKDCMessage(deadline: Deadline) throws(TransportFailure) -> [UInt8] {
    let header = try readBytes(2, patience: .until(deadline))
    let count = Int(header[0]) << 8 | Int(header[1])
    guard count > 0 else { throw .malformedFrame }
    guard count <= KDCFraming.messageLimit else {
      throw .messageTooLarge(limit: KDCFraming.messageLimit)
    }
    return try readBytes(count, patience: .until(deadline))
  }
}
