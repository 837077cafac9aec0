/// What a frame between peers carries.
public enum PeerFrameType: UInt8, CaseIterable, Sendable {
  case handshakeMessage1 = 1
  case handshakeMessage2 = 2
  case record = 3
  case chunk = 4
  case lastChunk = 5

  /// The longest payload in bytes: a Noise message, or a chunk of 1 MiB with its tag.
  public var payloadLimit: Int {
    switch self {
    case .handshakeMessage1, .handshakeMessage2, .record: 65_535
    case .chunk, .lastChunk: 1_048_576 + 16
    }
  }
}

/// The four bytes before each payload between peers: the type, then the payload's length as three
/// bytes, big-endian. A value of this type is within the limit of its type.
public struct PeerFrameHeader: Hashable, Sendable {
  public static let byteCount = 4

  public let type: PeerFrameType
  /// Bytes of payload that follow.
  public let payloadCount: Int

  /// - Throws: `.messageTooLarge` over the limit of the type.
  public init(type: PeerFrameType, payloadCount: Int) throws(TransportFailure) {
    precondition(payloadCount >= 0)
    guard payloadCount <= type.payloadLimit else {
      throw .messageTooLarge(limit: type.payloadLimit)
    }
    self.type = type
    self.payloadCount = payloadCount
  }

  /// Reads a header from the other end.
  ///
  /// - Throws: `.malformedFrame` for an unknown type or bytes that are not exactly four,
  ///   `.messageTooLarge` over the limit of the type.
  public init(_ bytes: RawSpan) throws(TransportFailure) {
    guard bytes.byteCount == Self.byteCount,
      let type = PeerFrameType(rawValue: unsafe bytes.unsafeLoad(as: UInt8.self))
    else { throw .malformedFrame }
    var count = 0
    for index in 1..<Self.byteCount {
      count = count << 8 | Int(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
    try self.init(type: type, payloadCount: count)
  }

  /// The header's four bytes.
  public var bytes: [UInt8] {
    [
      type.rawValue, UInt8(payloadCount >> 16), UInt8(payloadCount >> 8 & 0xff),
      UInt8(payloadCount & 0xff),
    ]
  }
}

/// One frame between peers, whole.
public struct PeerFrame: Hashable, Sendable {
  public let type: PeerFrameType
  public let payload: [UInt8]

  /// A frame as it came in; sending one checks its limit.
  public init(type: PeerFrameType, payload: [UInt8]) {
    self.type = type
    self.payload = payload
  }
}
