/// Puts the frames of one peer together from bytes as they come in, for a listener that watches
/// many connections at once. Pure: it reads from no socket.
///
/// It holds at most one incomplete frame, and of that only what has come in. After an error it
/// throws the same error for ever: there is no way back into step.
public struct PeerFrameAssembler: Sendable {
  private let payloadLimit: Int
  private var header: PeerFrameHeader?
  /// Of the header while `header` is nil, of the payload after that.
  private var partial: [UInt8] = []
  private var failure: TransportFailure?

  /// - Parameter payloadLimit: the longest payload to accept, on top of the limits of the types.
  public init(payloadLimit: Int) { self.payloadLimit = payloadLimit }

  /// How many bytes end the present header or payload. A caller that reads no more than this stops
  /// at the end of a frame.
  public var bytesWanted: Int {
    (header?.payloadCount ?? PeerFrameHeader.byteCount) - partial.count
  }

  /// Takes bytes in and gives out the frames that they complete.
  ///
  /// - Throws: `.malformedFrame` for an unknown type, `.messageTooLarge` as soon as a header
  ///   promises more than the limit.
  public mutating func feed(_ bytes: RawSpan) throws(TransportFailure) -> [PeerFrame] {
    if let failure { throw failure }
    do {
      return try assemble(bytes)
    } catch {
      failure = error
      partial = []
      throw error
    }
  }

  private mutating func assemble(_ bytes: RawSpan) throws(TransportFailure) -> [PeerFrame] {
    var frames: [PeerFrame] = []
    var rest = bytes
    while rest.byteCount > 0 {
      let piece = rest.extracting(first: bytesWanted)
      rest = rest.extracting(droppingFirst: piece.byteCount)
      unsafe piece.withUnsafeBytes { unsafe partial.append(contentsOf: $0) }
      guard bytesWanted == 0 else { break }
      if header == nil {
        let next = try PeerFrameHeader(unsafe partial.span.bytes)
        guard next.payloadCount <= payloadLimit else {
          throw .messageTooLarge(limit: payloadLimit)
        }
        header = next
        partial = []
      }
      if let whole = header, bytesWanted == 0 {
        frames.append(PeerFrame(type: whole.type, payload: partial))
        header = nil
        partial = []
      }
    }
    return frames
  }
}
