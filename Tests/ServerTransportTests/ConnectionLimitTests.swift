import Glibc
import ServerTransport
import Testing
import Transport
import Wire

extension AllServerTests {
  @Suite("Limits of connections")
  struct ConnectionLimitTests {
    @Test("A frame that does not end is cut at its deadline", arguments: [1, 2, 4])
    func slowSender(_ count: Int) async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(50) }) { server in
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        try client.write([UInt8](framed([1, 2, 3])[..<count]))
        client.expectClosed()
      }
    }

    @Test("A sender of one byte at a time is cut all the same")
    func drippingSender() async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(100) }) { server in
        let client = try server.connect()
        try client.write([0x0f, 0xff])
        let deadline = generous
        // Each byte is activity, but the frame's deadline stands.
        while try !client.isReadable(within: .milliseconds(5)), !deadline.hasPassed {
          try client.write([0])
        }
        #expect(!deadline.hasPassed)
        client.expectClosed()
      }
    }

    @Test("The frame deadline does not touch a quiet connection between frames")
    func quietConnection() async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(20) }) { server in
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        #expect(try !client.isReadable(within: .milliseconds(100)))
        #expect(try client.exchange([2]) == [2])
      }
    }

    @Test("An idle connection is closed, with or without a request before")
    func idle() async throws {
      try await withServer(limits { $0.idleDeadline = .milliseconds(50) }) { server in
        try server.connect().expectClosed()
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        client.expectClosed()
      }
    }

    @Test("A connection that waits for the server's own answer is not idle")
    func pendingAnswer() async throws {
      let held = HeldRequests()
      let brief = limits { $0.idleDeadline = .milliseconds(30) }
      try await withServer(brief, handler: held.handler) { server in
        let client = try server.connect()
        try client.write(framed([1]))
        try await until { held.count == 1 }
        #expect(try !client.isReadable(within: .milliseconds(150)))
        for request in held.takeAll() { request.respond(Response(message: [2])) }
        #expect(try client.receiveKDCMessage(deadline: generous) == [2])
      }
    }

    @Test("One source may open so many connections, and again when some have closed")
    func perSource() async throws {
      try await withServer(limits { $0.connectionsPerSource = 2 }) { server in
        let first = try server.connect()
        #expect(try first.exchange([1]) == [1])
        do {
          let second = try server.connect()
          #expect(try second.exchange([2]) == [2])
          try server.connect().expectClosed()
          // Another source has room of its own.
          for other in try server.loopbacks.dropFirst() {
            #expect(try server.connect(other).exchange([3]) == [3])
          }
        }
        try await until { server.counters.connectionsOpen == 1 }
        #expect(try server.connect().exchange([4]) == [4])
        #expect(try first.exchange([5]) == [5])
        #expect(server.counters.connectionsRefused == 1)
      }
    }

    @Test("The limit on all connections holds across sources")
    func total() async throws {
      try await withServer(limits { $0.connections = 1 }) { server in
        let first = try server.connect()
        #expect(try first.exchange([1]) == [1])
        for address in try server.loopbacks { try server.connect(address).expectClosed() }
        #expect(server.counters.connectionsOpen == 1)
      }
    }

    /// In a process of its own, whose limit of open files is so low.
    @Test("Without a descriptor left connections wait, and are served when there is one again")
    func noDescriptors() async {
      await #expect(processExitsWith: .success) {
        let server = try await RequestServer.start(bind: "127.0.0.1", port: 0, handler: echo)
        // The lowest that is free, so that none below it is.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        try #require(unsafe getrlimit(files, &limit) == 0)
        var none = rlimit(rlim_cur: rlim_t(descriptor) + 1, rlim_max: limit.rlim_max)
        try #require(unsafe setrlimit(files, &none) == 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = server.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(descriptor, $0, 16)
          }
        }
        try #require(connected == 0)
        let client = try StreamConnection(adopting: descriptor)
        try client.write(framed([1]))
        try #require(try !client.isReadable(within: .milliseconds(100)))
        try #require(unsafe setrlimit(files, &limit) == 0)
        try #require(try client.receiveKDCMessage(deadline: generous) == [1])
        try await server.shutdown()
      }
    }

    @Test("A thousand connections come and go without a descriptor left")
    func thousandConnections() async throws {
      try await withServer { server in
        #expect(try server.connect().exchange([1]) == [1])
        try await until { server.counters.connectionsOpen == 0 }
        let before = openDescriptors()
        for number in 0..<1000 {
          let client = try server.connect()
          // Some ask, some leave half a frame, some say nothing.
          switch number % 3 {
          case 0: #expect(try client.exchange([2]) == [2])
          case 1: try client.write([0])
          default: break
          }
        }
        try await until { server.counters.connectionsOpen == 0 && openDescriptors() <= before }
        #expect(server.counters.connectionsRefused == 0)
      }
    }
  }
}
