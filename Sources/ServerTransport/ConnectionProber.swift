internal import NIOCore
internal import NIOPosix
public import Wire

/// Tries whether TCP connections to clients come about, on a thread of its own: the clients that
/// are served do not wait for those that cannot be reached.
public final class ConnectionProber: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  public init() {}

  /// Connects, sends nothing, closes, and tells from another thread whether that went well.
  public func probe(
    _ address: NetworkAddress, within patience: Interval,
    then tell: @escaping @Sendable (Bool) -> Void
  ) {
    guard let target = try? SocketAddress(address) else { return tell(false) }
    ClientBootstrap(group: group)
      .connectTimeout(TimeAmount(patience))
      .connect(to: target)
      .whenComplete { result in
        guard case .success(let channel) = result else { return tell(false) }
        // A free port of this machine's own range can reach itself by TCP's simultaneous open:
        // nobody listens there.
        let isOwn = channel.localAddress == channel.remoteAddress
        channel.close().whenComplete { _ in tell(!isOwn) }
      }
  }

  /// Ends the thread. What is being tried then is told as not reached.
  public func shutdown() async throws { try await group.shutdownGracefully() }
}
