internal import Glibc

/// A stream socket between programs of this machine, with an end to every wait.
public struct UnixSocket: ~Copyable, Sendable {
  public let descriptor: Int32

  public init(adopting descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Nil with `errno` set.
  public static func make() -> UnixSocket? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    return descriptor < 0 ? nil : UnixSocket(adopting: descriptor)
  }

  /// For each single read and write.
  public borrowing func setPatience(seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  /// Whether the program at the other end is run by the same user, by root, or by `owner`.
  public borrowing func isPeerTrusted(orRunBy owner: UInt32? = nil) -> Bool {
    // `struct ucred`: process, user and group.
    var peer: [UInt32] = [0, .max, 0]
    var size = socklen_t(peer.count * MemoryLayout<UInt32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else {
      return false
    }
    return peer[1] == 0 || peer[1] == geteuid() || peer[1] == owner
  }

  /// One line without its newline; nil at the end, after a wait that was too long, and for one that
  /// is longer than `limit` bytes.
  public borrowing func readLine(_ buffer: inout [UInt8], limit: Int) -> [UInt8]? {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer.removeSubrange(...end) }
        return Array(buffer[..<end])
      }
      guard buffer.count <= limit else { return nil }
      var chunk = [UInt8](repeating: 0, count: 16384)
      let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      buffer += chunk[..<count]
    }
  }

  public borrowing func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}
