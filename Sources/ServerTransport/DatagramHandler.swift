internal import NIOCore
internal import Wire

/// One UDP socket: each datagram is a request, each answer a datagram.
final class DatagramHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let port: DatagramPort
  private let state: ServerState
  private let handler: RequestHandler

  init(port: DatagramPort, state: ServerState, handler: @escaping RequestHandler) {
    self.port = port
    self.state = state
    self.handler = handler
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
    handler([UInt8](envelope.data.readableBytesView), source, .datagram) { [port, state] response in
      guard let response, (1...limit).contains(response.message.count), !state.hasStopped else {
        return
      }
      let moment = arrival + TimeAmount(response.notBefore ?? .milliseconds(0))
      guard moment > .now() else { return port.send(response.message, to: sender) }
      loop.scheduleTask(deadline: moment) { port.send(response.message, to: sender) }
    }
  }

  /// An error is about one datagram or about nothing at all: the socket stays open.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
