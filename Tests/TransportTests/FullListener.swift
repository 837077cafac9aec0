import Glibc
import Transport
import Wire

/// A listener on 127.0.0.1 that accepts nothing and whose queue is full: further attempts to
/// connect get no answer at all.
final class FullListener {
  let port: UInt16
  private var descriptors: [Int32]

  init?() {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var count = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    descriptors = [listener]
    let ready = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, count) == 0 && listen(listener, 0) == 0
          && getsockname(listener, $0, &count) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard ready else { return nil }
    for _ in 0..<4 {
      let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
      let filler = socket(AF_INET, type, 0)
      descriptors.append(filler)
      unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = unsafe connect(filler, $0, count)
        }
      }
    }
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }
}
