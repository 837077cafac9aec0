import Glibc

/// Two connected sockets of this machine: one for what is tried, one for who tries it.
public struct LocalConnection: ~Copyable {
  /// For who takes it over, and closes it.
  public let tried: Int32
  private let own: Int32

  private static let listener: (descriptor: Int32, address: sockaddr_in) = {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var actual = size
    let isListening = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, $0, &actual) == 0
      }
    }
    guard isListening else { fatalError("no listener") }
    return (descriptor, address)
  }()

  public init() {
    own = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.listener.address
    let descriptor = own
    let isConnected = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    // Thousands of these a second leave nothing behind.
    var linger = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      own, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    tried = accept(Self.listener.descriptor, nil, nil)
    guard isConnected, tried >= 0 else { fatalError("no connection") }
  }

  deinit { close(own) }

  public func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe send(own, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Nothing more comes from this end.
  public func endWriting() { shutdown(own, Int32(SHUT_WR)) }

  /// Fills as many bytes; fewer at the end.
  public func read(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let received = unsafe bytes.withUnsafeMutableBytes {
        unsafe recv(own, $0.baseAddress! + done, count - done, 0)
      }
      guard received > 0 else { break }
      done += received
    }
    return [UInt8](bytes.prefix(done))
  }

  /// The next frame between peers: its type and what is in it; nil at the end.
  public func readFrame() -> (type: UInt8, payload: [UInt8])? {
    let head = read(4)
    guard head.count == 4 else { return nil }
    let count = Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
    let payload = read(count)
    return payload.count == count ? (head[0], payload) : nil
  }
}
