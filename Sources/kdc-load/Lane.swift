internal import Glibc
internal import SecretMemory
internal import Transport
internal import Wire

/// Why a request has no answer.
enum Miss: Error {
  /// By UDP a datagram may be lost, and its client asks again.
  case timedOut
  case closed
  case refused(code: Int32)
}

/// One socket with at most one request under way on it.
final class Lane {
  private let address: NetworkAddress
  private let transport: LoadTransport
  private let number: Int
  private var socket: Socket?
  private var isConnecting = false
  /// The first bytes of an answer that has not come in whole.
  private var inbound: [UInt8] = []

  /// Which message is under way, and since when.
  private(set) var message: Int?
  private(set) var began: UInt64 = 0

  private static let frameHeaderByteCount = 2

  init(to address: NetworkAddress, by transport: LoadTransport, number: Int) {
    self.address = address
    self.transport = transport
    self.number = number
  }

  /// The bytes to send for a message: by TCP its length stands before it.
  static func framed(_ message: [UInt8], by transport: LoadTransport) -> [UInt8] {
    guard transport != .udp else { return message }
    return [UInt8(message.count >> 8 & 0xff), UInt8(message.count & 0xff)] + message
  }

  /// Sends a message, or begins to connect for it.
  func begin(_ bytes: [UInt8], index: Int, on poll: EventPoll) throws(LoadFailure) -> Miss? {
    message = index
    began = Self.now
    if socket == nil {
      if let miss = try open(on: poll) { return miss }
    }
    return isConnecting ? nil : send(bytes)
  }

  /// Where nobody listens any more, a socket may get that port and hear itself: that is nobody.
  private func open(on poll: EventPoll) throws(LoadFailure) -> Miss? {
    let opened = try newSocket()
    let code = opened.startConnecting(to: address)
    guard code == 0 || code == EINPROGRESS else { return .refused(code: code) }
    guard opened.localAddress != address else { return .refused(code: ECONNREFUSED) }
    isConnecting = code == EINPROGRESS
    try poll.add(opened, number: number, isConnecting: isConnecting)
    socket = consume opened
    return nil
  }

  private func newSocket() throws(LoadFailure) -> Socket {
    do throws(TransportFailure) {
      guard transport != .udp else {
        return try Socket(family: address.socketFamily, type: SOCK_DGRAM)
      }
      let socket = try Socket(family: address.socketFamily, type: SOCK_STREAM)
      try socket.setOption(level: Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      return socket
    } catch {
      throw LoadFailure(error)
    }
  }

  /// One message fits an empty send buffer: what does not leave at once never will.
  private func send(_ bytes: [UInt8]) -> Miss? {
    let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    return count == bytes.count ? nil : .refused(code: errno)
  }

  private var descriptor: Int32 {
    switch socket {
    case .some(let socket): socket.descriptor
    case .none: -1
    }
  }

  /// The connection is there, or cannot be made.
  func connected(_ bytes: [UInt8], on poll: EventPoll) throws(LoadFailure) -> Miss? {
    isConnecting = false
    switch socket {
    case .none: return .closed
    case .some(let socket):
      let code = socket.takeError()
      guard code == 0 else { return .refused(code: code) }
      guard socket.localAddress != address else { return .refused(code: ECONNREFUSED) }
      try poll.awaitAnswers(on: socket, number: number)
    }
    return send(bytes)
  }

  /// What has come in: a whole answer, or nil until there is more.
  func receive(into buffer: inout [UInt8]) throws(Miss) -> [UInt8]? {
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else {
      if errno == EAGAIN || errno == EINTR { return nil }
      throw .refused(code: errno)
    }
    if transport == .udp { return [UInt8](buffer[..<count]) }
    guard count > 0 else { throw .closed }
    inbound += buffer[..<count]
    guard inbound.count >= Self.frameHeaderByteCount else { return nil }
    let end = Self.frameHeaderByteCount + Int(inbound[0]) << 8 + Int(inbound[1])
    guard inbound.count <= end else { throw .closed }
    guard inbound.count == end else { return nil }
    defer { inbound.removeAll(keepingCapacity: true) }
    return [UInt8](inbound[Self.frameHeaderByteCount...])
  }

  /// Ready for the next message. A lane whose request failed begins anew: an answer that is late
  /// must not be taken for that of a later request.
  func end(isAnswered: Bool) {
    message = nil
    guard isAnswered, transport != .tcpConnect else {
      socket = nil
      isConnecting = false
      inbound = []
      return
    }
  }

  /// Nanoseconds of the monotonic clock.
  static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
