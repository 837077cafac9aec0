import Glibc
import ServerTransport
import Synchronization
import Testing
import Transport
import Wire

extension AllServerTests {
  @Suite("Requests by UDP")
  struct DatagramTests {
    private func send(_ message: [UInt8], _ socket: borrowing DatagramSocket) throws {
      try socket.send(unsafe message.span.bytes)
    }

    @Test("A request comes back, with its source told as the client knows it")
    func echoes() async throws {
      let sources = Mutex<[NetworkAddress]>([])
      let handler: RequestHandler = { message, source, kind, _ in
        sources.withLock { $0.append(source) }
        return .now(kind == .datagram ? Response(message: copy(message)) : nil)
      }
      try await withServer(handler: handler) { server in
        for address in try server.loopbacks {
          let socket = try DatagramSocket.connect(to: address)
          let local = socket.localAddress
          for count in [1, 1232] {
            let message = [UInt8](repeating: 5, count: count)
            try send(message, socket)
            let answer = try socket.receive(deadline: generous)
            #expect(answer == message)
          }
          let seen = sources.withLock { $0 }
          #expect(seen.last == local)
        }
      }
    }

    @Test("Senders are spread over the threads, and each is answered")
    func spreadsSenders() async throws {
      let threads = Mutex<Set<pthread_t>>([])
      let server = try await RequestServer.start(bind: "127.0.0.1", port: 0, threads: 2) {
        message, _, _, _ in
        _ = threads.withLock { $0.insert(pthread_self()) }
        return .now(Response(message: copy(message)))
      }
      for number: UInt8 in 0..<64 {
        let socket = try DatagramSocket.connect(to: try #require(server.addresses.first))
        try send([number], socket)
        #expect(try socket.receive(deadline: generous) == [number])
      }
      #expect(threads.withLock { $0.count } == 2)
      try await server.shutdown()
    }

    @Test("Empty and over-long datagrams are dropped and counted; junk does no harm")
    func junk() async throws {
      try await withServer { server in
        let socket = try DatagramSocket.connect(to: server.ipv4)
        for count in [0, 1233, 1234, 9000] {
          let message = [UInt8](repeating: 1, count: count)
          try #require(unsafe Glibc.send(socket.descriptor, message, count, 0) == count)
        }
        for _ in 0..<200 {
          try send((0..<Int.random(in: 1...64)).map { _ in .random(in: 0...255) }, socket)
        }
        try await until { server.counters.datagramsDropped == 4 }
        try server.expectService()
      }
    }

    @Test("An answer is held back until it may leave; none or a bad one is not sent")
    func answers() async throws {
      let delay = Interval.milliseconds(80)
      let handler: RequestHandler = { message, _, _, _ in
        let message = copy(message)
        return switch message {
        case [1]: .now(Response(message: message, notBefore: delay))
        case [2]: .now(nil)
        case [3]: .now(Response(message: []))
        default: .now(Response(message: [UInt8](repeating: 0, count: 1233)))
        }
      }
      try await withServer(handler: handler) { server in
        let socket = try DatagramSocket.connect(to: server.ipv4)
        for kind in [2, 3, 4] as [UInt8] { try send([kind], socket) }
        let earliest = Deadline.after(delay)
        try send([1], socket)
        let answer = try socket.receive(deadline: generous)
        #expect(answer == [1])
        #expect(earliest.hasPassed)
      }
    }

    @Test("Clients that are gone when the answer comes do not stop the others")
    func goneClients() async throws {
      let held = HeldRequests()
      try await withServer(handler: held.handler) { server in
        for _ in 0..<50 { try send([1], try DatagramSocket.connect(to: server.ipv4)) }
        try await until { held.count == 50 }
        for request in held.takeAll() { request.respond(Response(message: [2])) }
        let socket = try DatagramSocket.connect(to: server.ipv4)
        try send([3], socket)
        try await until { held.count == 1 }
        for request in held.takeAll() { request.respond(Response(message: [4])) }
        let answer = try socket.receive(deadline: generous)
        #expect(answer == [4])
      }
    }

    /// An answer to port 0 fails with EINVAL.
    @Test("A datagram that claims to come from port 0 is dropped, and service goes on")
    func forgedPort() async throws {
      let raw = socket(AF_INET, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_UDP))
      guard raw >= 0 else {
        print("Raw sockets need a privilege: the datagram from port 0 is not tested here.")
        return
      }
      defer { close(raw) }
      try await withServer { server in
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let port = server.port
        // Source port 0, the server's port, length 9, no checksum; one byte.
        let datagram: [UInt8] = [0, 0, UInt8(port >> 8), UInt8(port & 0xff), 0, 9, 0, 0, 1]
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe sendto(raw, datagram, datagram.count, 0, $0, 16)
          }
        }
        try #require(sent == datagram.count)
        try await until { server.counters.datagramsDropped == 1 }
        try server.expectService()
      }
    }
  }
}
