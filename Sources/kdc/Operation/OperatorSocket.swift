import Dispatch
import Glibc
import KeyDistribution
import LocalSockets
import Operation
import Synchronization
import Wire

/// Where commands of the operator reach a KDC that serves: a socket beside the user file, for the
/// user that the KDC runs as, and root.
///
/// One line of JSON is a request (`OperatorRequest`). The answer is any number of lines
/// `{"item":…}` and one `{"done":…}` or `{"error":…}`.
final class OperatorSocket: Sendable {
  static func path(beside base: String) -> String { base + ".sock" }

  static let requestLimit = 1 << 16
  /// How many commands are served at a time. More are sent away.
  private static let connections = 8
  private static let patience = 5

  private let path: String
  private let listener: Int32
  private let desk: OperatorDesk
  private let queue = DispatchQueue(label: "operator", attributes: .concurrent)
  private let acceptor = DispatchQueue(label: "operator socket")
  private let open = Mutex(0)

  /// Listens. Whoever calls this has the lock of the realm's files, so that a socket that is there
  /// is one that a KDC has left behind.
  ///
  /// - Throws: why there is no socket, as a sentence. The KDC can do without.
  init(_ desk: OperatorDesk, beside base: String) throws(OperatorFailure) {
    path = Self.path(beside: base)
    self.desk = desk
    guard let socket = UnixSocket.make() else { throw Self.failure(path) }
    let path = path
    unsafe unlink(path)
    let descriptor = socket.descriptor
    guard let address = UnixAddress(path: path) else {
      throw OperatorFailure("\(path) is too long a name for a socket")
    }
    let bound = unsafe address.withAddress { unsafe Glibc.bind(descriptor, $0, $1) }
    // Nobody can connect before it listens, and from then on it is closed to others.
    guard bound == 0, unsafe chmod(path, 0o600) == 0, listen(descriptor, 16) == 0 else {
      throw Self.failure(path)
    }
    listener = dup(descriptor)
    guard listener >= 0 else { throw Self.failure(path) }
    _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
    acceptor.async { [self] in
      while accept() {}
    }
  }

  private static func failure(_ path: String) -> OperatorFailure {
    OperatorFailure(
      "commands are not served at \(path): \(unsafe String(cString: strerror(errno)))")
  }

  /// - Returns: false when the socket is shut down.
  private func accept() -> Bool {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else {
      guard errno != EINVAL else { return false }
      // Too many open files, say: somebody else will close one.
      if errno != EINTR, errno != ECONNABORTED { usleep(100_000) }
      return true
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let hasRoom = open.withLock { open in
      guard open < Self.connections else { return false }
      open += 1
      return true
    }
    guard hasRoom else {
      close(descriptor)
      return true
    }
    queue.async { [self] in
      serve(UnixSocket(adopting: descriptor))
      open.withLock { $0 -= 1 }
    }
    return true
  }

  private func serve(_ socket: consuming UnixSocket) {
    socket.setPatience(seconds: Self.patience)
    guard socket.isPeerTrusted() else { return }
    var buffer: [UInt8] = []
    while let line = socket.readLine(&buffer, limit: Self.requestLimit) {
      let answer = Self.answer(to: line, by: desk) { item in
        socket.write([UInt8](#"{"item":\#(item)}"#.utf8) + [UInt8(ascii: "\n")])
      }
      guard socket.write([UInt8]("\(answer)\n".utf8)) else { return }
    }
  }

  /// The last line of an answer, whatever the bytes are.
  static func answer(
    to line: [UInt8], by desk: OperatorDesk, emit: (JSONValue) -> Bool
  ) -> JSONValue {
    do throws(OperatorFailure) {
      guard let json = try? JSONValue(line), let request = OperatorRequest(json) else {
        throw OperatorFailure("this is no request that this version knows")
      }
      return .object([.init("done", try desk.carryOut(request, emit: emit))])
    } catch {
      return .object([.init("error", .text("\(error)"))])
    }
  }

  /// No more commands. Those that are served are finished by their threads.
  func shutdown() {
    unsafe unlink(path)
    Glibc.shutdown(listener, Int32(SHUT_RDWR))
    acceptor.sync {}
  }

  deinit { close(listener) }
}
