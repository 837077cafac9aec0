internal import CSystemCalls
internal import Glibc
internal import NIOCore
internal import Wire

/// A TCP socket that takes connections.
struct StreamListener: Sendable {
  enum Arrival {
    /// Its descriptor, which never waits, and the other end.
    case connection(Int32, from: NetworkAddress)
    /// A connection that was gone before it was accepted.
    case gone
    /// Nobody waits.
    case nobody
    /// The system has no descriptor or no memory for one more.
    case noRoom
  }

  let socket: ServerSocket

  /// Connections that wait to be accepted, at the most.
  private static let backlog: Int32 = 1024

  /// Begins to take connections.
  ///
  /// - Parameter address: for the failure.
  init(_ socket: ServerSocket, at address: SocketAddress) throws(ServerFailure) {
    self.socket = socket
    guard listen(socket.descriptor, Self.backlog) == 0 else {
      throw .ofSystem(binding: address)
    }
  }

  func accept() -> Arrival {
    var accepted: Int32 = -1
    let name = unsafe SocketName { address, count in
      unsafe accepted = trent_accept(socket.descriptor, address, count)
      return accepted >= 0
    }
    guard let name else {
      return switch errno {
      case EAGAIN: .nobody
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: .noRoom
      default: .gone
      }
    }
    guard let source = name.address else {
      close(accepted)
      return .gone
    }
    return .connection(accepted, from: source)
  }
}
