internal import NIOCore

/// Lets so many bytes of a connection through to the parser, and no more.
final class RequestLengthLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  struct Exceeded: Error {}

  private var left: Int

  init(_ limit: Int) { left = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    let isTooLong = bytes.readableBytes > left
    if let passed = bytes.readSlice(length: min(left, bytes.readableBytes)),
      passed.readableBytes > 0
    {
      left -= passed.readableBytes
      context.fireChannelRead(wrapInboundOut(passed))
    }
    if isTooLong { context.fireErrorCaught(Exceeded()) }
  }
}
