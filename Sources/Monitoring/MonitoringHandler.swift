internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Answers the first request of a connection and ends it.
final class MonitoringHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How many connections are open, of all.
  final class Count: Sendable {
    private let open = Atomic(0)

    func enter(limit: Int) -> Bool {
      guard open.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
        leave()
        return false
      }
      return true
    }

    func leave() { open.wrappingSubtract(1, ordering: .relaxed) }
  }

  private let pages: MonitoringPages
  private let limits: MonitoringLimits
  private let count: Count
  private var isCounted = false
  private var hasAnswered = false
  private var hasSent = false
  private var inputHasEnded = false
  private var end: Scheduled<Void>?

  init(pages: MonitoringPages, limits: MonitoringLimits, count: Count) {
    self.pages = pages
    self.limits = limits
    self.count = count
  }

  /// The handlers of a connection, in their order.
  static func add(
    to channel: any Channel, pages: MonitoringPages, limits: MonitoringLimits, count: Count
  ) throws {
    try channel.pipeline.syncOperations.addHandlers([
      RequestLengthLimit(limits.requestBytes),
      ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
      HTTPResponseEncoder(),
      MonitoringHandler(pages: pages, limits: limits, count: count),
    ])
  }

  func channelActive(context: ChannelHandlerContext) {
    isCounted = count.enter(limit: limits.connections)
    guard isCounted else { return context.close(promise: nil) }
    end = context.eventLoop.assumeIsolated().scheduleTask(in: limits.life) {
      context.close(promise: nil)
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end?.cancel()
    end = nil
    hasAnswered = true
    if isCounted { count.leave() }
    isCounted = false
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data), !hasAnswered else { return }
    send(pages.answer(to: head), isHead: head.method == .HEAD, context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is RequestLengthLimit.Exceeded: send(.tooLong, isHead: false, context)
    case is HTTPParserError: send(.badRequest, isHead: false, context)
    // After its first error the parser has another one for whatever comes.
    default: if !hasAnswered { context.close(promise: nil) }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      inputHasEnded = true
      if hasSent || !hasAnswered { context.close(promise: nil) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func send(_ answer: MonitoringAnswer, isHead: Bool, _ context: ChannelHandlerContext) {
    guard isCounted, !hasAnswered else { return }
    hasAnswered = true
    context.write(wrapOutboundOut(.head(answer.head(version: .http1_1))), promise: nil)
    if !isHead {
      let body = context.channel.allocator.buffer(string: answer.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      self.hasSent = true
      // What still comes is read and dropped until the other side ends: closed at once, bytes that
      // nobody has read would take the answer with them.
      context.close(mode: self.inputHasEnded ? .all : .output, promise: nil)
    }
  }
}
