package import Glibc
package import Wire

/// One socket descriptor with one owner; closed when the owner lets go.
package struct Socket: ~Copyable {
  package let descriptor: Int32

  /// Takes over an open descriptor.
  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  /// A new socket that does not block and is not handed to child processes.
  package init(family: Int32, type: __socket_type) throws(TransportFailure) {
    let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = socket(family, Int32(type.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw .ofSystem("open a socket") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Gives the descriptor away: whoever gets it must close it.
  consuming func release() -> Int32 {
    let descriptor = descriptor
    discard self
    return descriptor
  }

  /// Makes a descriptor that came from elsewhere like one of our own.
  borrowing func stopBlocking() throws(TransportFailure) {
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0,
      fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
    else { throw .ofSystem("set up a socket") }
  }

  package borrowing func setOption(
    level: Int32, _ option: Int32, _ value: Int32
  ) throws(TransportFailure) {
    var value = value
    guard
      unsafe setsockopt(
        descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    else { throw .ofSystem("set a socket option") }
  }

  /// The error that waits on the socket, which this clears; 0 if there is none.
  package borrowing func takeError() -> Int32 {
    var code: Int32 = 0
    var count = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &count) == 0 else {
      return errno
    }
    return code
  }

  /// Nil once the socket is no longer connected, or not bound yet.
  package var localAddress: NetworkAddress? {
    unsafe NetworkAddress { unsafe getsockname(descriptor, $0, $1) }
  }

  var peerAddress: NetworkAddress? {
    unsafe NetworkAddress { unsafe getpeername(descriptor, $0, $1) }
  }

  /// 0, or the `errno` of the attempt: `EINPROGRESS` while it is under way.
  package borrowing func startConnecting(to address: NetworkAddress) -> Int32 {
    unsafe address.withSocketAddress { pointer, count in
      unsafe connect(descriptor, pointer, count) == 0 ? 0 : errno
    }
  }
}
