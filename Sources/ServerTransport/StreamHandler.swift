internal import NIOCore
internal import Wire

/// One TCP connection: requests in, answers out in the same order, within the limits.
final class StreamHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let state: ServerState
  private let handler: RequestHandler

  private var context: ChannelHandlerContext?
  /// Set while the connection is counted.
  private var source: NetworkAddress?
  private var decoder: FrameDecoder
  private var responses = ResponseQueue()
  private let flusher: StreamFlusher

  private var lastRead = NIODeadline.now()
  private var lastActivity = NIODeadline.now()
  private var frameTimer: Scheduled<Void>?
  private var idleTimer: Scheduled<Void>?

  private var isDispatching = false
  /// The channel has asked to read while reading was stopped.
  private var readIsDue = false
  /// The other end will send nothing more.
  private var inputHasEnded = false
  private var isClosing = false

  /// - Parameter flusher: that of the connection's event loop.
  init(state: ServerState, flusher: StreamFlusher, handler: @escaping RequestHandler) {
    self.state = state
    self.flusher = flusher
    self.handler = handler
    decoder = FrameDecoder(limit: state.limits.streamMessageLimit)
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    guard let address = context.channel.remoteAddress.flatMap({ NetworkAddress($0) }),
      state.admit(address)
    else {
      isClosing = true
      context.close(promise: nil)
      return
    }
    source = address
    lastActivity = .now()
    watchIdleness(context, until: lastActivity + TimeAmount(state.limits.idleDeadline))
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    stopFrameTimer()
    idleTimer?.cancel()
    idleTimer = nil
    responses.removeAll()
    if let source { state.release(source) }
    source = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastRead = .now()
    lastActivity = lastRead
    decoder.append(unwrapInboundIn(data))
    proceed(context)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    lastActivity = .now()
    proceed(context)
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      inputHasEnded = true
      proceed(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(context)
  }

  /// Backpressure: what is not read stays with the kernel, and from there with the sender.
  func read(context: ChannelHandlerContext) {
    if mayTakeMore(context) {
      context.read()
    } else {
      readIsDue = true
    }
  }

  // MARK: Requests

  private func mayTakeMore(_ context: ChannelHandlerContext) -> Bool {
    !isClosing && responses.count < state.limits.requestsInFlight && context.channel.isWritable
  }

  /// Does whatever can be done now: answers out, requests in, reading on, closing.
  private func proceed(_ context: ChannelHandlerContext) {
    // A handler that answers at once comes back here from within the loop below.
    guard !isDispatching, !isClosing else { return }
    isDispatching = true
    var hasWritten = sendReadyResponses(context)
    do {
      while mayTakeMore(context), let message = try decoder.next() {
        stopFrameTimer()
        dispatch(message, context)
        if sendReadyResponses(context) { hasWritten = true }
      }
    } catch {
      close(context)
    }
    isDispatching = false
    guard !isClosing else { return }

    if hasWritten { flusher.flushSoon(self, on: context.eventLoop) }
    if inputHasEnded, responses.count == 0 { return closeAfterFlush(context) }
    guard mayTakeMore(context) else { return stopFrameTimer() }
    if decoder.hasBytes { startFrameTimer(context) }
    if readIsDue {
      readIsDue = false
      context.read()
    }
  }

  /// Sends what has been written.
  func flush() {
    guard let context, !isClosing else { return }
    context.flush()
  }

  private func dispatch(_ message: [UInt8], _ context: ChannelHandlerContext) {
    guard let source else { return }
    let number = responses.open()
    let arrival = lastRead
    let loop = context.eventLoop
    let reply = handler(unsafe message.span.bytes, source, .stream) {
      let bound = NIOLoopBound(self, eventLoop: loop)
      return { [state] response in
        guard !state.hasStopped else { return }
        loop.run { bound.value.settle(number, response, arrival) }
      }
    }
    if case .now(let response) = reply { settle(number, response, arrival) }
  }

  private func settle(
    _ number: ResponseQueue.Number, _ response: Response?, _ arrival: NIODeadline
  ) {
    guard let context, !isClosing else { return }
    if let delay = response?.notBefore {
      let moment = arrival + TimeAmount(delay)
      if moment > .now() {
        context.eventLoop.assumeIsolated().scheduleTask(deadline: moment) {
          self.settle(number, response?.message)
        }
        return
      }
    }
    settle(number, response?.message)
  }

  private func settle(_ number: ResponseQueue.Number, _ message: [UInt8]?) {
    guard let context, !isClosing else { return }
    responses.settle(number, with: message)
    proceed(context)
  }

  /// Writes the answers whose turn has come, without flushing. Whether there were any.
  private func sendReadyResponses(_ context: ChannelHandlerContext) -> Bool {
    var hasWritten = false
    while !isClosing, let response = responses.next() {
      guard let message = response, !message.isEmpty,
        message.count <= state.limits.streamMessageLimit
      else {
        closeAfterFlush(context)
        break
      }
      var frame = context.channel.allocator.buffer(capacity: 2 + message.count)
      frame.writeInteger(UInt16(truncatingIfNeeded: message.count))
      frame.writeBytes(message)
      context.write(wrapOutboundOut(frame), promise: nil)
      hasWritten = true
    }
    if hasWritten { lastActivity = .now() }
    return hasWritten
  }

  // MARK: Deadlines and closing

  private func startFrameTimer(_ context: ChannelHandlerContext) {
    guard frameTimer == nil else { return }
    frameTimer = context.eventLoop.assumeIsolated().scheduleTask(
      in: TimeAmount(state.limits.frameDeadline)
    ) {
      self.close(context)
    }
  }

  private func stopFrameTimer() {
    frameTimer?.cancel()
    frameTimer = nil
  }

  /// One timer for a connection's whole life: it looks again when activity has moved the deadline.
  private func watchIdleness(_ context: ChannelHandlerContext, until deadline: NIODeadline) {
    idleTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      // A connection that waits for our own answer is not idle.
      if self.responses.count > 0, context.channel.isWritable { self.lastActivity = .now() }
      let deadline = self.lastActivity + TimeAmount(self.state.limits.idleDeadline)
      if deadline <= .now() {
        self.close(context)
      } else {
        self.watchIdleness(context, until: deadline)
      }
    }
  }

  private func close(_ context: ChannelHandlerContext) {
    isClosing = true
    context.close(promise: nil)
  }

  /// Closes once the answers written so far have left, or the idle timer has lost patience.
  private func closeAfterFlush(_ context: ChannelHandlerContext) {
    isClosing = true
    stopFrameTimer()
    responses.removeAll()
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}
