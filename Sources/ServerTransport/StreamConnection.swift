internal import Glibc
internal import Wire

/// One TCP connection: requests in, answers out in the same order, within the limits. It does what
/// can be done now and never waits; its `StreamLoop` tells it when there may be more to do.
final class StreamConnection {
  let name: StreamName
  let source: NetworkAddress
  private let limits: ServerLimits

  private var decoder: FrameDecoder
  private var responses = ResponseQueue()
  /// What the other end has no room for yet. As long as there is any, nothing more is read.
  private var unsent: ArraySlice<UInt8> = []

  private var lastActivity: Moment
  /// Since when a message is under way.
  private var frameBegan: Moment?

  /// There may be bytes to read.
  private var hasInput = false
  /// The system says that the other end sends nothing more; what it sent is still to be read.
  private var isEndInSight = false
  /// Everything has been read.
  private var inputHasEnded = false
  /// To be closed as soon as what is unsent has left.
  private var isEnding = false
  /// To be closed at once.
  private(set) var isOver = false
  /// Whether the loop has it on its list of those that have something to send.
  var isListed = false

  init(_ name: StreamName, from source: NetworkAddress, limits: ServerLimits, at now: Moment) {
    self.name = name
    self.source = source
    self.limits = limits
    decoder = FrameDecoder(limit: limits.streamMessageLimit)
    lastActivity = now
  }

  /// How much one connection reads before it is others' turn, in bytes.
  static let readByteCount = 8192

  // MARK: Input

  /// The other end has sent something, or has ended.
  func inputHasCome(isEnd: Bool) {
    hasInput = true
    if isEnd { isEndInSight = true }
  }

  /// The connection is broken: there is nobody to answer.
  func hasBroken() { isOver = true }

  private var mayTakeMore: Bool {
    !isOver && !isEnding && unsent.isEmpty && responses.count < limits.requestsInFlight
  }

  /// Whether `proceed` would do something.
  var canProceed: Bool { mayTakeMore && (hasInput || decoder.hasBytes && frameBegan == nil) }

  /// Whether there are answers for `send` to send.
  var canSend: Bool { !isOver && unsent.isEmpty && responses.isReady }

  /// Takes requests out of what has been read, reads once if that was not enough, and hands each
  /// request over.
  func proceed(
    at now: Moment, buffer: UnsafeMutableRawBufferPointer,
    _ take: (RawSpan, ResponseQueue.Number) -> Void
  ) {
    if frameBegan == nil { decode(RawSpan(), at: now, take) }
    guard mayTakeMore, hasInput else { return finishIfEnded() }
    let count = unsafe recv(
      name.descriptor, buffer.baseAddress, Self.readByteCount, Int32(MSG_DONTWAIT))
    if count > 0 {
      lastActivity = now
      // Less than was asked for is all that there is; what comes later is told anew (epoll(7)).
      if count < Self.readByteCount, !isEndInSight { hasInput = false }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.prefix(count))
      unsafe decode(RawSpan(_unsafeBytes: bytes), at: now, take)
    } else if count == 0 {
      hasInput = false
      inputHasEnded = true
    } else if errno == EAGAIN {
      hasInput = false
    } else if errno != EINTR {
      isOver = true
    }
    finishIfEnded()
  }

  private func decode(
    _ bytes: RawSpan, at now: Moment, _ take: (RawSpan, ResponseQueue.Number) -> Void
  ) {
    guard mayTakeMore, decoder.hasBytes || !bytes.isEmpty else { return }
    do throws(FrameDecoder.BadLength) {
      try decoder.decode(
        bytes, while: { mayTakeMore },
        take: { message in
          frameBegan = nil
          take(message, responses.open())
        })
    } catch {
      isOver = true
    }
    if !decoder.hasBytes || !mayTakeMore {
      frameBegan = nil
    } else if frameBegan == nil {
      frameBegan = now
    }
  }

  /// With nothing left to answer, a connection whose other end has ended ends.
  private func finishIfEnded() {
    if inputHasEnded, responses.count == 0, unsent.isEmpty { isOver = true }
  }

  // MARK: Output

  /// Keeps an answer until its turn comes.
  func settle(_ number: ResponseQueue.Number, with message: [UInt8]?) {
    responses.settle(number, with: message)
  }

  /// Sends the answers whose turn has come, as far as the other end has room for them.
  ///
  /// - Parameter frames: room for them, with nothing in it.
  func send(at now: Moment, frames: inout [UInt8]) {
    while !isEnding, let response = responses.next() {
      guard let message = response, !message.isEmpty, message.count <= limits.streamMessageLimit
      else {
        isEnding = true
        responses.removeAll()
        break
      }
      frames.append(UInt8(truncatingIfNeeded: message.count >> 8))
      frames.append(UInt8(truncatingIfNeeded: message.count))
      frames.append(contentsOf: message)
    }
    if !frames.isEmpty {
      lastActivity = now
      let sent = sendNow(frames[...])
      if sent < frames.count { unsent = ArraySlice([UInt8](frames[sent...])) }
    }
    finishOutput()
  }

  /// The other end has room again.
  func sendRest(at now: Moment) {
    guard !unsent.isEmpty else { return }
    lastActivity = now
    unsent.removeFirst(sendNow(unsent))
    if unsent.isEmpty { unsent = [] }
    finishOutput()
  }

  /// Whether something is kept until the other end has room for it.
  var hasRest: Bool { !unsent.isEmpty }

  private func finishOutput() {
    if isEnding, unsent.isEmpty { isOver = true }
    finishIfEnded()
  }

  /// - Returns: how many bytes have been sent.
  private func sendNow(_ bytes: ArraySlice<UInt8>) -> Int {
    var sent = 0
    unsafe bytes.withUnsafeBytes { bytes in
      while sent < bytes.count, !isOver {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = unsafe Glibc.send(
          name.descriptor, rest.baseAddress, rest.count,
          Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if count >= 0 {
          sent += count
        } else if errno == EAGAIN {
          break
        } else if errno != EINTR {
          isOver = true
        }
      }
    }
    return sent
  }

  // MARK: Deadlines

  /// Gives up on who is idle, and on who does not come to the end of a message.
  func look(at now: Moment) {
    // A connection that waits for our own answer is not idle.
    if responses.count > 0, unsent.isEmpty { lastActivity = now }
    if lastActivity + limits.idleDeadline <= now { isOver = true }
    if let frameBegan, frameBegan + limits.frameDeadline <= now { isOver = true }
  }
}

/// Which connection is meant: descriptors are used again.
struct StreamName: Hashable {
  let descriptor: Int32
  let serial: UInt32
}
