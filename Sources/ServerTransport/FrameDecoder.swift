/// Finds messages in the bytes of a connection: two bytes of length, big-endian, then the message.
struct FrameDecoder {
  /// The length of a message is zero or over the limit: there is no way back into step.
  struct BadLength: Error {}

  private let limit: Int
  /// What no message was made of yet. Empty between messages, so that a quiet connection holds no
  /// memory.
  private var rest: [UInt8] = []

  /// - Parameter limit: the longest message in bytes.
  init(limit: Int) { self.limit = limit }

  /// Whether bytes are left that no message was made of.
  var hasBytes: Bool { !rest.isEmpty }

  /// Gives out the messages that are complete with these bytes, as long as they are wanted. What is
  /// left of the bytes is kept.
  mutating func decode(
    _ bytes: RawSpan, while isWanted: () -> Bool, take: (RawSpan) -> Void
  ) throws(BadLength) {
    if rest.isEmpty {
      let used = try takeMessages(bytes, isWanted, take)
      rest = unsafe bytes.extracting(droppingFirst: used).withUnsafeBytes { unsafe [UInt8]($0) }
    } else {
      unsafe bytes.withUnsafeBytes { unsafe rest.append(contentsOf: $0) }
      var all: [UInt8] = []
      swap(&all, &rest)
      let used = try takeMessages(unsafe all.span.bytes, isWanted, take)
      if used == all.count { return }
      all.removeFirst(used)
      rest = all
    }
  }

  /// - Returns: how many bytes the messages and their lengths took.
  private func takeMessages(
    _ bytes: RawSpan, _ isWanted: () -> Bool, _ take: (RawSpan) -> Void
  ) throws(BadLength) -> Int {
    var used = 0
    while bytes.byteCount - used >= 2, isWanted() {
      let count = unsafe Int(
        UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: used, as: UInt16.self)))
      guard count > 0, count <= limit else { throw BadLength() }
      let end = used + 2 + count
      guard end <= bytes.byteCount else { break }
      take(bytes.extracting(used + 2..<end))
      used = end
    }
    return used
  }
}
