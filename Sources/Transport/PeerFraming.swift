public import Wire

/// Frames between peers over a connection. All waits end when nothing moves for `stallLimit`.
extension StreamConnection {
  /// Sends one frame without copying its payload.
  ///
  /// - Throws: `.messageTooLarge` over the limit of the type, and what `writeAll` throws.
  public func sendPeerFrame(
    _ type: PeerFrameType, payload: RawSpan, stallLimit: Interval
  ) throws(TransportFailure) {
    let header = try PeerFrameHeader(type: type, payloadCount: payload.byteCount).bytes
    try writeAll(
      unsafe header.span.bytes, patience: .stall(stallLimit), moreFollows: payload.byteCount > 0)
    try writeAll(payload, patience: .stall(stallLimit))
  }

  /// Receives the header of the next frame; the payload is the caller's to read with `readExactly`
  /// into memory of its own.
  public func receivePeerFrameHeader(
    stallLimit: Interval
  ) throws(TransportFailure) -> PeerFrameHeader {
    try receivePeerFrameHeader(patience: .stall(stallLimit))
  }

  private func receivePeerFrameHeader(
    patience: Patience
  ) throws(TransportFailure) -> PeerFrameHeader {
    let bytes = try readBytes(PeerFrameHeader.byteCount, patience: patience)
    return try PeerFrameHeader(unsafe bytes.span.bytes)
  }

  /// Receives one frame, for which memory is allocated after its length has been checked.
  public func receivePeerFrame(stallLimit: Interval) throws(TransportFailure) -> PeerFrame {
    try receivePeerFrame(patience: .stall(stallLimit))
  }

  /// The same from somebody who has not proven anything yet: all of the frame by then, however busy
  /// the other side keeps the connection.
  public func receivePeerFrame(deadline: Deadline) throws(TransportFailure) -> PeerFrame {
    try receivePeerFrame(patience: .until(deadline))
  }

  private func receivePeerFrame(patience: Patience) throws(TransportFailure) -> PeerFrame {
    let header = try receivePeerFrameHeader(patience: patience)
    let payload = try readBytes(header.payloadCount, patience: patience)
    return PeerFrame(type: header.type, payload: payload)
  }

  /// Moves what has come in of the next frame into `assembler`, without waiting and without a byte
  /// of the frame after it, so that the connection can be handed on at a frame's end.
  ///
  /// - Returns: the frame once it is whole, nil until then.
  /// - Throws: `.closedByPeer` at the end of the stream, and what the assembler throws.
  public func receiveAvailable(
    into assembler: inout PeerFrameAssembler
  ) throws(TransportFailure) -> PeerFrame? {
    // Memory grows with what has come in, not with what a header promises.
    while true {
      var piece = [UInt8](repeating: 0, count: min(assembler.bytesWanted, 4096))
      var span = piece.mutableSpan
      var buffer = unsafe span.mutableBytes
      guard let count = try readAvailable(into: &buffer) else { return nil }
      guard count > 0 else { throw .closedByPeer }
      let frames = try assembler.feed(unsafe piece.span.bytes.extracting(first: count))
      if let frame = frames.first { return frame }
    }
  }
}
