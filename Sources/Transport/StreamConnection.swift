internal import Glibc
public import Wire

/// One TCP connection with one owner; closed when the owner lets go.
///
/// Every wait has an end: either a `deadline` for the operation as a whole, or a `stallLimit`, the
/// longest time without a byte in either direction, for transfers of any length. One thread may
/// read while another one writes.
public struct StreamConnection: ~Copyable, Sendable {
  private let socket: Socket

  /// Takes over a connected socket, which it closes even when it throws.
  public init(adopting descriptor: Int32) throws(TransportFailure) {
    socket = Socket(adopting: descriptor)
    try socket.stopBlocking()
    try socket.setOption(level: Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// Connects to whichever address answers first. Attempts start 200 ms apart, in the order given,
  /// the next one at once when all before it have failed (RFC 8305, 5).
  ///
  /// - Throws: the failure of the first address that failed if all did; `.timedOut` at the
  ///   deadline; `.noAddress` for an empty list.
  public static func connect(
    toAny addresses: [NetworkAddress], deadline: Deadline
  ) throws(TransportFailure) -> StreamConnection {
    var race = ConnectionRace(addresses)
    return try StreamConnection(adopting: try race.run(deadline: deadline))
  }

  /// For `Polling`; still owned by the connection.
  public var descriptor: Int32 { socket.descriptor }

  /// Our end; nil if the system does not know any more.
  public var localAddress: NetworkAddress? { socket.localAddress }

  /// The other end; nil once it has reset the connection.
  public var peerAddress: NetworkAddress? { socket.peerAddress }

  /// Asks for kernel buffers of `bytes` in both directions. This ends the kernel's own tuning.
  public func setSocketBuffers(_ bytes: Int) throws(TransportFailure) {
    let size = Int32(clamping: bytes)
    try socket.setOption(level: SOL_SOCKET, SO_SNDBUF, size)
    try socket.setOption(level: SOL_SOCKET, SO_RCVBUF, size)
  }

  // MARK: Reading

  /// Fills `buffer`.
  ///
  /// - Throws: `.closedByPeer` if the stream ends before, `.timedOut` at the deadline.
  public func readExactly(
    _ buffer: inout MutableRawSpan, deadline: Deadline
  ) throws(TransportFailure) {
    try readExactly(&buffer, patience: .until(deadline))
  }

  /// Fills `buffer`, as long as bytes come in at least once every `stallLimit`.
  public func readExactly(
    _ buffer: inout MutableRawSpan, stallLimit: Interval
  ) throws(TransportFailure) {
    try readExactly(&buffer, patience: .stall(stallLimit))
  }

  func readExactly(
    _ buffer: inout MutableRawSpan, patience: Patience
  ) throws(TransportFailure) {
    var done = 0
    while done < buffer.byteCount {
      guard let count = try readAvailable(into: &buffer, from: done) else {
        try wait(for: .readable, patience)
        continue
      }
      guard count > 0 else { throw .closedByPeer }
      done += count
    }
  }

  /// `count` bytes that are public. The caller has bounded `count`.
  func readBytes(_ count: Int, patience: Patience) throws(TransportFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    var buffer = unsafe span.mutableBytes
    try readExactly(&buffer, patience: patience)
    return bytes
  }

  /// Reads what is there, at most as much as fits, without waiting.
  ///
  /// - Returns: how many bytes were read; nil if there are none yet; 0 at the end of the stream.
  public func readAvailable(into buffer: inout MutableRawSpan) throws(TransportFailure) -> Int? {
    try readAvailable(into: &buffer, from: 0)
  }

  private func readAvailable(
    into buffer: inout MutableRawSpan, from offset: Int
  ) throws(TransportFailure) -> Int? {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
        return unsafe recv(socket.descriptor, rest.baseAddress, rest.count, 0)
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return nil
      case let code: throw .ofConnection(code, during: "receive")
      }
    }
  }

  /// Whether there is something to read, be it the end of the stream, or will be within `limit`.
  public func isReadable(within limit: Interval) throws(TransportFailure) -> Bool {
    try Polling.wait(for: socket.descriptor, .readable, until: .after(limit))
  }

  // MARK: Writing

  /// Writes all of `bytes`.
  ///
  /// - Throws: `.closedByPeer`, `.timedOut` at the deadline. Some bytes may have left by then.
  public func writeAll(_ bytes: RawSpan, deadline: Deadline) throws(TransportFailure) {
    try writeAll(bytes, patience: .until(deadline))
  }

  /// Writes all of `bytes`, as long as some leave at least once every `stallLimit`.
  public func writeAll(_ bytes: RawSpan, stallLimit: Interval) throws(TransportFailure) {
    try writeAll(bytes, patience: .stall(stallLimit))
  }

  /// - Parameter moreFollows: let the kernel hold the bytes back to send them with the next ones.
  func writeAll(
    _ bytes: RawSpan, patience: Patience, moreFollows: Bool = false
  ) throws(TransportFailure) {
    var flags = Int32(MSG_NOSIGNAL)
    if moreFollows { flags |= Int32(MSG_MORE) }
    var done = 0
    while done < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { all in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: all[done...])
        return unsafe send(socket.descriptor, rest.baseAddress, rest.count, flags)
      }
      if count >= 0 {
        done += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: try wait(for: .writable, patience)
      case let code: throw .ofConnection(code, during: "send")
      }
    }
  }

  /// Tells the other end that nothing more will come; reading goes on.
  public func shutdownWriting() throws(TransportFailure) {
    guard shutdown(socket.descriptor, Int32(SHUT_WR)) == 0 else {
      throw .ofConnection(errno, during: "shut down a connection")
    }
  }

  private func wait(for events: Polling.Events, _ patience: Patience) throws(TransportFailure) {
    guard try Polling.wait(for: socket.descriptor, events, until: patience.nextWait) else {
      throw .timedOut
    }
  }
}
