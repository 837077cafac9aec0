import Glibc
import Trent

/// A TCP connection with nothing of Trent's in it.
final class Socket: Frames {
  private let descriptor: Int32

  /// Connects to the first IPv4 address that answers.
  init(to addresses: [NetworkAddress]) throws {
    for address in addresses where address.isIPv4 {
      let candidate = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var place = sockaddr_in()
      place.sin_family = sa_family_t(AF_INET)
      place.sin_port = address.port.bigEndian
      place.sin_addr.s_addr = unsafe inet_addr(address.host)
      let code = unsafe withUnsafePointer(to: &place) { place in
        unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(candidate, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if code == 0 {
        descriptor = candidate
        return
      }
      close(candidate)
    }
    throw Misbehaviour()
  }

  deinit { close(descriptor) }

  func send(_ type: UInt8, _ payload: RawSpan) throws {
    let count = payload.byteCount
    let header = [type, UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    try write(header.bytes)
    try write(payload)
  }

  func receive() throws -> (type: UInt8, payload: [UInt8]) {
    let header = try read(4)
    let count = Int(header[1]) << 16 | Int(header[2]) << 8 | Int(header[3])
    return (header[0], try read(count))
  }

  private func write(_ bytes: RawSpan) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Misbehaviour() }
      rest = rest.extracting(droppingFirst: count)
    }
  }

  private func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = unsafe recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
    guard received == count else { throw Misbehaviour() }
    return bytes
  }
}
