internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Wire

/// Opens the sockets of a server.
struct ServerBinder {
  struct Bound {
    var port: UInt16
    var addresses: [NetworkAddress]
    var streams: any Channel
    var datagrams: [DatagramServer]
  }

  let group: MultiThreadedEventLoopGroup
  let state: ServerState
  let handler: RequestHandler

  /// How often to look for a port that is free for TCP and UDP alike.
  private static let attempts = 16

  /// Binds the first address whose family this machine has.
  func bind(
    firstOf candidates: [SocketAddress], port: UInt16
  ) async throws(ServerFailure) -> Bound {
    var failure = ServerFailure.unresolvableAddress("")
    for candidate in candidates {
      do throws(ServerFailure) {
        return try await bind(candidate, port: port)
      } catch {
        failure = error
        guard error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { break }
      }
    }
    throw failure
  }

  private func bind(
    _ address: SocketAddress, port: UInt16
  ) async throws(ServerFailure) -> Bound {
    for _ in 1..<Self.attempts {
      do throws(ServerFailure) {
        return try await bindBoth(address, port: port)
      } catch {
        // The port that TCP was given may be taken for UDP: the next one may be free.
        guard port == 0, error.code == EADDRINUSE else { throw error }
      }
    }
    return try await bindBoth(address, port: port)
  }

  private func bindBoth(
    _ address: SocketAddress, port: UInt16
  ) async throws(ServerFailure) -> Bound {
    var address = address
    address.port = Int(port)
    let streams: any Channel
    do {
      streams = try await streamBootstrap(address).bind(to: address).get()
    } catch {
      throw ServerFailure(error, binding: address, port: port)
    }
    do throws(ServerFailure) {
      address.port = streams.localAddress?.port
      let loops = [any EventLoop](group.makeIterator())
      let ports = try DatagramPort.bind(address, count: loops.count)
      return Bound(
        port: UInt16(clamping: address.port ?? 0),
        addresses: [NetworkAddress(address)].compactMap(\.self),
        streams: streams,
        datagrams: zip(ports, loops).map { port, loop in
          DatagramServer(port: port, state: state, loop: loop, handler: handler)
        })
    } catch {
      try? await streams.close()
      throw error
    }
  }

  private func streamBootstrap(_ address: SocketAddress) -> ServerBootstrap {
    let flushers = [ObjectIdentifier: NIOLoopBoundBox<StreamFlusher>](
      uniqueKeysWithValues: group.makeIterator().map { loop in
        (
          ObjectIdentifier(loop),
          NIOLoopBoundBox.makeBoxSendingValue(StreamFlusher(), eventLoop: loop)
        )
      })
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        // Out of descriptors: wait for some to be closed instead of trying without pause.
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelInitializer { [state, handler, flushers] channel in
        channel.eventLoop.makeCompletedFuture {
          try Self.setOptions(of: channel)
          guard let flusher = flushers[ObjectIdentifier(channel.eventLoop)]?.value else {
            throw ChannelError.operationUnsupported
          }
          try channel.pipeline.syncOperations.addHandler(
            StreamHandler(state: state, flusher: flusher, handler: handler))
        }
      }
      // Connections have it from the socket that accepts them (tcp(7)).
      .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    guard address.protocol == .inet6 else { return bootstrap }
    return bootstrap.serverChannelOption(
      ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 0)
  }

  /// Set one after the other here, since a bootstrap's own options take futures: 5 us a connection.
  private static func setOptions(of connection: any Channel) throws {
    guard let options = connection.syncOptions else { throw ChannelError.operationUnsupported }
    // Requests in flight are answered after the client has shut down its side.
    try options.setOption(.allowRemoteHalfClosure, value: true)
    // What one connection can make the server hold: a buffer in, a few answers out.
    try options.setOption(.maxMessagesPerRead, value: 1)
    try options.setOption(
      .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8192))
    try options.setOption(.writeBufferWaterMark, value: .init(low: 8192, high: 32_768))
  }
}
