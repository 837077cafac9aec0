internal import NIOCore

/// Finds messages in the bytes of a connection: two bytes of length, big-endian, then the message.
struct FrameDecoder {
  /// The length of a message is zero or over the limit: there is no way back into step.
  struct BadLength: Error {}

  private let limit: Int
  // Nil between messages, so that a quiet connection holds no memory.
  private var buffer: ByteBuffer?

  /// - Parameter limit: the longest message in bytes.
  init(limit: Int) { self.limit = limit }

  /// Whether bytes are left that no `next` has given out.
  var hasBytes: Bool { buffer != nil }

  mutating func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    buffer?.discardReadBytes()
    if buffer?.writeBuffer(&bytes) == nil, bytes.readableBytes > 0 { buffer = bytes }
  }

  /// The next whole message, or nil until more bytes come.
  mutating func next() throws(BadLength) -> [UInt8]? {
    guard let count = buffer?.getInteger(at: buffer?.readerIndex ?? 0, as: UInt16.self) else {
      return nil
    }
    guard count > 0, count <= limit else { throw BadLength() }
    let frameCount = MemoryLayout<UInt16>.size + Int(count)
    guard var frame = buffer?.readSlice(length: frameCount) else { return nil }
    if buffer?.readableBytes == 0 { buffer = nil }
    frame.moveReaderIndex(forwardBy: MemoryLayout<UInt16>.size)
    return frame.readBytes(length: Int(count))
  }
}
