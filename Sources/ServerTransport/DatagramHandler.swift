internal import NIOCore
internal import Wire

/// One UDP socket: each datagram is a request, each answer a datagram.
final class DatagramHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let port: DatagramPort
  private let state: ServerState
  private let handler: RequestHandler
  /// Answers to the requests that have been read together.
  private let answers: DatagramBatch
  /// Whether `handler` is being called: what it answers at once leaves with the others.
  private var isDispatching = false

  init(port: DatagramPort, state: ServerState, handler: @escaping RequestHandler) {
    self.port = port
    self.state = state
    self.handler = handler
    answers = DatagramBatch(limit: state.limits.datagramLimit)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    let limit = state.limits.datagramLimit
    let sender = envelope.remoteAddress
    // No answer can reach port 0; only a forged datagram comes from there.
    guard let source = NetworkAddress(sender), source.port != 0,
      (1...limit).contains(envelope.data.readableBytes)
    else { return state.countDroppedDatagram() }

    let arrival = NIODeadline.now()
    let loop = context.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    isDispatching = true
    handler([UInt8](envelope.data.readableBytesView), source, .datagram) { [port, state] response in
      guard let response, (1...limit).contains(response.message.count), !state.hasStopped else {
        return
      }
      if let delay = response.notBefore, arrival + TimeAmount(delay) > .now() {
        loop.scheduleTask(deadline: arrival + TimeAmount(delay)) {
          port.send(response.message, to: sender)
        }
      } else if loop.inEventLoop, bound.value.isDispatching {
        bound.value.gather(response.message, to: sender)
      } else {
        port.send(response.message, to: sender)
      }
    }
    isDispatching = false
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    sendGathered()
    context.fireChannelReadComplete()
  }

  private func gather(_ message: [UInt8], to receiver: SocketAddress) {
    if answers.isFull { sendGathered() }
    answers.append(message, to: receiver)
  }

  private func sendGathered() {
    guard answers.count > 0, !state.hasStopped else { return }
    port.send(answers)
  }

  /// An error is about one datagram or about nothing at all: the socket stays open.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
