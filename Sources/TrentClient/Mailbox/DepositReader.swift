internal import FileTransfer
internal import MailboxService
internal import SecretMemory
internal import Transport

/// Reads a deposit that waits, frame by frame, in parts that grow: little is asked for to see what
/// it is, and a buffer of some MiB is all that a large one takes.
struct DepositReader: ~Copyable {
  private static let firstPart = 16 << 10
  private static let partLimit = 4 << 20

  let deposit: WaitingDeposit
  /// Of the first byte that has not been read.
  private(set) var offset: UInt64 = 0
  /// What has been fetched, and how much of it has been read.
  private var buffer: [UInt8] = []
  private var start = 0
  private var part = DepositReader.firstPart

  init(_ deposit: WaitingDeposit) { self.deposit = deposit }

  var isAtEnd: Bool { offset == deposit.byteCount }

  /// Goes on somewhere else.
  mutating func seek(to offset: UInt64) throws(DepositFailure) {
    guard offset <= deposit.byteCount else { throw Self.tooShort }
    buffer = []
    start = 0
    self.offset = offset
  }

  /// Reads the header of the next frame.
  ///
  /// - Throws: `DepositFailure`, or what `DepositBox` throws.
  mutating func header<Box: DepositBox & ~Copyable>(
    from box: inout Box
  ) throws -> PeerFrameHeader {
    try fetch(PeerFrameHeader.byteCount, from: &box)
    let bytes = [UInt8](buffer[start..<start + PeerFrameHeader.byteCount])
    pass(bytes.count)
    do {
      return try PeerFrameHeader(bytes.bytes)
    } catch {
      throw DepositFailure.damaged("it is not made of frames")
    }
  }

  /// Reads a payload into the beginning of `target`, which has room for it.
  mutating func payload<Box: DepositBox & ~Copyable>(
    _ count: Int, into target: inout [UInt8], from box: inout Box
  ) throws {
    try fetch(count, from: &box)
    target.replaceSubrange(..<count, with: buffer[start..<start + count])
    pass(count)
  }

  /// Reads a whole frame of this type.
  mutating func frame<Box: DepositBox & ~Copyable>(
    _ type: PeerFrameType, from box: inout Box
  ) throws -> [UInt8] {
    let header = try header(from: &box)
    guard header.type == type else { throw DepositFailure.damaged("a frame is missing") }
    var payload = [UInt8](repeating: 0, count: header.payloadCount)
    try self.payload(header.payloadCount, into: &payload, from: &box)
    return payload
  }

  private mutating func pass(_ count: Int) {
    start += count
    offset += UInt64(count)
  }

  /// Has so many bytes in the buffer.
  private mutating func fetch<Box: DepositBox & ~Copyable>(
    _ count: Int, from box: inout Box
  ) throws {
    guard UInt64(count) <= deposit.byteCount - offset else { throw Self.tooShort }
    while buffer.count - start < count {
      buffer.removeFirst(start)
      start = 0
      let end = offset + UInt64(buffer.count)
      let wanted = Int(min(UInt64(part), deposit.byteCount - end))
      part = min(part * 4, Self.partLimit)
      var rest = wanted
      try box.fetch(deposit.number, from: end, byteCount: UInt32(wanted)) { piece in
        guard piece.byteCount <= rest else { throw Self.tooLong }
        rest -= piece.byteCount
        unsafe piece.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
      }
      // All of it is there, or the mailbox has told another length than it has.
      guard rest == 0 else { throw Self.tooShort }
    }
  }

  static var tooShort: DepositFailure { .damaged("it is shorter than it should be") }
  static var tooLong: DepositFailure { .damaged("it is longer than it should be") }
}
