internal import Glibc
internal import NIOCore
internal import Wire

/// Opens the sockets of a server.
struct ServerBinder {
  struct Bound: Sendable {
    var port: UInt16
    var addresses: [NetworkAddress]
    var streams: [StreamServer] = []
    var datagrams: [DatagramServer] = []
  }

  let state: ServerState
  /// How many sockets to spread connections over, and as many again for datagrams.
  let threads: Int
  let handler: RequestHandler

  /// How often to look for a port that is free for TCP and UDP alike.
  private static let attempts = 16

  /// Binds the first address whose family this machine has.
  func bind(firstOf candidates: [SocketAddress], port: UInt16) throws(ServerFailure) -> Bound {
    var failure = ServerFailure.unresolvableAddress("")
    for candidate in candidates {
      var candidate = candidate
      candidate.port = Int(port)
      do throws(ServerFailure) {
        return try bind(candidate)
      } catch {
        failure = error
        guard error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { break }
      }
    }
    throw failure
  }

  private func bind(_ address: SocketAddress) throws(ServerFailure) -> Bound {
    for _ in 1..<Self.attempts {
      do throws(ServerFailure) {
        return try bindBoth(address)
      } catch {
        // The port that TCP was given may be taken for UDP: the next one may be free.
        guard address.port == 0, error.code == EADDRINUSE else { throw error }
      }
    }
    return try bindBoth(address)
  }

  private func bindBoth(_ address: SocketAddress) throws(ServerFailure) -> Bound {
    var address = address
    let streams = try ServerSocket.bind(.stream, to: address, count: threads)
    guard let port = streams.first?.port else { throw .ofSystem(binding: address) }
    address.port = Int(port)
    let datagrams = try ServerSocket.bind(.datagram, to: address, count: threads)
    var bound = Bound(port: port, addresses: [NetworkAddress(address)].compactMap(\.self))
    for socket in streams {
      let listener = try StreamListener(socket, at: address)
      bound.streams.append(
        try StreamServer(listener, at: address, state: state, handler: handler))
    }
    for socket in datagrams {
      bound.datagrams.append(
        DatagramServer(port: DatagramPort(socket: socket), state: state, handler: handler))
    }
    return bound
  }
}
