import Foundation
import Synchronization

/// The address 127.0.0.x with a port, lent to a socket call.
private func withLoopback(
  _ port: UInt16, lastByte: UInt8 = 1, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = (0x7f00_0000 | UInt32(lastByte)).bigEndian
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}

private func newSocket(_ kind: __socket_type) throws -> Int32 {
  let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { throw TestProblem("socket") }
  return descriptor
}

private func hasWaitingInput(_ descriptor: Int32) -> Bool {
  var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return unsafe poll(&entry, 1, 0) == 1
}

/// A blocking socket that is connected to a port of this machine.
final class ClientSocket: Sendable {
  let descriptor: Int32

  /// - Parameters:
  ///   - isDatagram: UDP instead of TCP.
  ///   - ownLastByte: from the address 127.0.0.x; nil: the system's choice.
  init(
    _ port: UInt16, lastByte: UInt8 = 1, isDatagram: Bool = false, ownLastByte: UInt8? = nil
  ) throws {
    descriptor = try newSocket(isDatagram ? SOCK_DGRAM : SOCK_STREAM)
    if let ownLastByte {
      let socket = descriptor
      let bound = unsafe withLoopback(0, lastByte: ownLastByte) {
        unsafe Foundation.bind(socket, $0, $1)
      }
      guard bound == 0 else { throw TestProblem("bind") }
    }
    let result = unsafe withLoopback(port, lastByte: lastByte) {
      unsafe connect(descriptor, $0, $1)
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw TestProblem("connect", code: code)
    }
  }

  init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Writes all of it, unless the other side has closed.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    repeat {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count >= 0 else { return false }
      sent += count
    } while sent < bytes.count
    return true
  }

  /// Whatever is there next; nil at the end.
  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer.prefix(count)) : nil
  }

  var hasInput: Bool { hasWaitingInput(descriptor) }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}

/// A port of this machine that belongs to a test.
final class ServerSocket: Sendable {
  let descriptor: Int32
  let port: UInt16

  /// - Parameter port: 0 picks a free one.
  init(_ port: UInt16 = 0, isDatagram: Bool = false) throws {
    descriptor = try newSocket(isDatagram ? SOCK_DGRAM : SOCK_STREAM)
    let socket = descriptor
    if !isDatagram {
      // Whoever has the port next need not wait for connections that are over.
      var yes: Int32 = 1
      _ = unsafe setsockopt(
        socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    var result = unsafe withLoopback(port) { unsafe Foundation.bind(socket, $0, $1) }
    if result == 0, !isDatagram { result = listen(socket, 64) }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    if result == 0 {
      result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe getsockname(socket, $0, &size)
        }
      }
    }
    self.port = UInt16(bigEndian: address.sin_port)
    guard result == 0 else { throw TestProblem("bind") }
  }

  deinit { close(descriptor) }

  /// Whether somebody has sent something here.
  var hasInput: Bool { hasWaitingInput(descriptor) }

  /// The next datagram and who sent it; nil once the socket is shut down.
  func receiveDatagram() -> (bytes: [UInt8], source: sockaddr_in)? {
    var source = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let length = unsafe withUnsafeMutablePointer(to: &source) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe recvfrom(descriptor, &buffer, buffer.count, 0, $0, &size)
      }
    }
    return length > 0 ? (Array(buffer.prefix(length)), source) : nil
  }

  func send(_ datagram: [UInt8], to target: sockaddr_in) {
    _ = unsafe withUnsafePointer(to: target) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(
          descriptor, datagram, datagram.count, 0, $0,
          socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// A KDC behind a firewall that lets TCP through and nothing else.
final class StreamForwarder: Sendable {
  private let listener: ServerSocket
  var port: UInt16 { listener.port }
  private let count = Mutex(0)
  /// How many connections have come.
  var connectionCount: Int { count.withLock { $0 } }

  /// - Parameters:
  ///   - ownLastByte: the last byte of the address that the KDC sees, 127.0.0.x.
  ///   - tamper: changes what comes from the KDC.
  init(
    to target: UInt16, fromLastByte ownLastByte: UInt8? = nil,
    tampering tamper: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 }
  ) throws {
    listener = try ServerSocket()
    Thread.detachNewThread { [listener, weak self] in
      while true {
        let accepted = accept(listener.descriptor, nil, nil)
        guard accepted >= 0, let self else { return }
        let near = ClientSocket(adopting: accepted)
        guard let far = try? ClientSocket(target, ownLastByte: ownLastByte) else { continue }
        self.count.withLock { $0 += 1 }
        Self.pump(from: near, to: far)
        Self.pump(from: far, to: near, tamper)
      }
    }
  }

  /// Ends the thread that accepts.
  deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

  private static func pump(
    from source: ClientSocket, to target: ClientSocket,
    _ change: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 }
  ) {
    Thread.detachNewThread {
      while let bytes = source.receive(), target.send(change(bytes)) {}
      target.finishSending()
    }
  }
}

/// Takes requests by UDP on to a KDC, and its answers back, counts and records them.
final class DatagramForwarder: Sendable {
  private let server: ServerSocket
  private let count = Mutex(0)
  /// How many datagrams have come.
  var requestCount: Int { count.withLock { $0 } }
  private let record = Mutex<[(request: [UInt8], answer: [UInt8])]>([])
  /// What was asked and answered.
  var recorded: [(request: [UInt8], answer: [UInt8])] { record.withLock { $0 } }
  var port: UInt16 { server.port }

  /// - Parameters:
  ///   - port: where clients send to.
  ///   - losses: how many of the first requests are lost.
  init(_ port: UInt16, to target: UInt16, losing losses: Int = 0) throws {
    server = try ServerSocket(port, isDatagram: true)
    Thread.detachNewThread { [server, weak self] in
      while let (request, source) = server.receiveDatagram() {
        guard let self else { return }
        let number = self.count.withLock { count in
          count += 1
          return count
        }
        guard number > losses, let far = try? ClientSocket(target, isDatagram: true) else {
          continue
        }
        far.send(request)
        guard let answer = far.receive() else { continue }
        self.record.withLock { $0.append((request, answer)) }
        server.send(answer, to: source)
      }
    }
  }

  /// Ends the thread.
  deinit { shutdown(server.descriptor, Int32(SHUT_RDWR)) }
}

/// Whether ::1 can be bound. Tests of IPv6 are empty where it cannot.
let hasIPv6: Bool = {
  let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in6()
  address.sin6_family = sa_family_t(AF_INET6)
  address.sin6_addr = in6addr_loopback
  let isBound = unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
    }
  }
  if !isBound { print("This machine has no IPv6: the tests of it are skipped.") }
  return isBound
}()
