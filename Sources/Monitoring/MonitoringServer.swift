internal import NIOCore
internal import NIOPosix

/// Shows pages to programs that watch, by HTTP/1.1, on a thread of its own. One request a
/// connection; what exceeds the limits is closed.
public final class MonitoringServer: Sendable {
  /// Where it listens, as `127.0.0.1:9464`.
  public let address: String

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel

  private init(address: String, group: MultiThreadedEventLoopGroup, channel: any Channel) {
    self.address = address
    self.group = group
    self.channel = channel
  }

  public static func start(
    at address: MonitoringAddress, showing pages: MonitoringPages
  ) async throws(MonitoringFailure) -> MonitoringServer {
    try await start(at: address, showing: pages, limits: MonitoringLimits())
  }

  static func start(
    at address: MonitoringAddress, showing pages: MonitoringPages, limits: MonitoringLimits
  ) async throws(MonitoringFailure) -> MonitoringServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let target = try SocketAddress.makeAddressResolvingHost(
        address.host, port: Int(address.port))
      let channel = try await bootstrap(group, pages, limits).bind(to: target).get()
      let bound = channel.localAddress
      let host = bound?.ipAddress ?? address.host
      let port = bound?.port ?? Int(address.port)
      return MonitoringServer(
        address: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", group: group,
        channel: channel)
    } catch {
      try? await group.shutdownGracefully()
      throw MonitoringFailure(
        "cannot show metrics at \(address.host), port \(address.port): \(error)")
    }
  }

  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ pages: MonitoringPages, _ limits: MonitoringLimits
  ) -> ServerBootstrap {
    let count = MonitoringHandler.Count()
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        // Out of descriptors: wait for some to be closed instead of trying without pause.
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try MonitoringHandler.add(to: channel, pages: pages, limits: limits, count: count)
        }
      }
  }

  /// Closes every socket and ends the thread.
  public func shutdown() async throws {
    try? await channel.close()
    try await group.shutdownGracefully()
  }
}

/// Why nobody can watch, as a sentence for the operator.
public struct MonitoringFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}
